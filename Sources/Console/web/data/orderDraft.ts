// The order form's content and the key of its request, kept for this tab: a reload keeps what was filled in, and a
// request that is repeated, by a second click or after a reload, is the same request and makes one deployment.

export interface Order {
  name: string;
  regionId: string;
  instanceTypeId: string;
  imageId: string;
  sizeGiB: number;
  sshKeyId: string;
}

interface Kept {
  order: Order;
  /** Of the last request, with the body that it had. */
  key: string | null;
  body: string | null;
  /** Whether that request was sent and its answer never seen. */
  isUnanswered: boolean;
}

const place = 'hothouse.order';

export class OrderDraft {
  private kept: Kept;

  constructor(private readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>, empty: Order) {
    this.kept = read(storage) ?? { order: empty, key: null, body: null, isUnanswered: false };
  }

  get order(): Order {
    return this.kept.order;
  }

  get isUnanswered(): boolean {
    return this.kept.isUnanswered;
  }

  edit(order: Order): void {
    this.save({ ...this.kept, order });
  }

  /** The key for a request with this body: the last one where the body is the same, else a new one. */
  keyFor(body: unknown, newKey: () => string): string {
    const text = JSON.stringify(body);
    const key = this.kept.key !== null && this.kept.body === text ? this.kept.key : newKey();
    this.save({ ...this.kept, key, body: text, isUnanswered: true });
    return key;
  }

  /** The request was refused: nothing was made, so the next one may be a new one. */
  refused(): void {
    this.save({ ...this.kept, key: null, body: null, isUnanswered: false });
  }

  /** The request was taken: the form starts anew. */
  taken(): void {
    this.storage.removeItem(place);
  }

  private save(kept: Kept): void {
    this.kept = kept;
    this.storage.setItem(place, JSON.stringify(kept));
  }
}

function read(storage: Pick<Storage, 'getItem'>): Kept | null {
  try {
    const json = JSON.parse(storage.getItem(place) ?? 'null') as Partial<Kept> | null;
    const order = json?.order;
    const texts = order && [order.name, order.regionId, order.instanceTypeId, order.imageId, order.sshKeyId];
    if (!order || !texts?.every((text) => typeof text === 'string') || typeof order.sizeGiB !== 'number') return null;
    return {
      order, key: json?.key ?? null, body: json?.body ?? null, isUnanswered: json?.isUnanswered === true,
    };
  } catch {
    return null;
  }
}

/** A new idempotency key. `crypto.randomUUID` is there on secure origins only. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
