// The server's time as the browser sees it. A portal with a fake cloud may run many times as fast as the browser's
// clock, or stand still, so ages and durations are told by the server's own clock.

export class ServerClock {
  private base: number;
  private at: number;

  constructor(private rate: number, private readonly now: () => number = () => Date.now()) {
    this.at = now();
    this.base = this.at;
  }

  /** The server's time now, in ms since 1970, as far as it is known. */
  time(): number {
    return this.base + (this.now() - this.at) * this.rate;
  }

  /** How many of the server's seconds pass in one of the browser's. */
  get speed(): number {
    return this.rate;
  }

  /** A Date header, which has whole seconds: it corrects an estimate only where that is off by more. */
  header(date: string): void {
    const read = Date.parse(date);
    if (Number.isNaN(read)) return;
    const estimate = this.time();
    if (estimate < read) this.set(read);
    else if (estimate > read + 1000 + 1000 * this.rate) this.set(read + 500);
  }

  /** The time of something that has just happened there. */
  seen(time: string): void {
    const read = Date.parse(time);
    if (!Number.isNaN(read) && read > this.time()) this.set(read);
  }

  /** The clock's rate was changed, or its time moved. */
  set(time: number, rate = this.rate): void {
    this.base = time;
    this.at = this.now();
    this.rate = rate;
  }
}
