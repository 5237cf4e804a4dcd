// All deployments of the customer: filtered by status, page by page, live.

import { useApp, useLive, useQuery } from '../app';
import { deploymentsKey } from '../data/deploymentCache';
import { deploymentPage } from '../data/decode';
import { statuses } from '../data/types';
import type { Deployment, DeploymentPage, Status } from '../data/types';
import { Link, useLocation, usePage } from '../router';
import { Icon } from '../ui/icons';
import { Ago, CopyButton, Empty, ErrorPanel, Skeleton, StatusBadge, statusWord } from '../ui/parts';
import { counted } from '../ui/words';

const pageSize = 10;

/** The address of a page of the list. Later pages carry `asOf`, so that what is new does not shift them. */
function address(status: string | null, page = 1, asOf: string | null = null): string {
  const query = new URLSearchParams();
  if (status !== null) query.set('status', status);
  if (page > 1) query.set('page', String(page));
  if (page > 1 && asOf !== null) query.set('asOf', asOf);
  const text = query.toString();
  return `/deployments${text ? `?${text}` : ''}`;
}

export function Deployments() {
  const { http, deployments } = useApp();
  const { query } = useLocation();
  const heading = usePage('Deployments');
  const asked = query.get('status');
  const status = statuses.find((one) => one === asked) ?? null;
  const page = Math.max(1, Math.floor(Number(query.get('page') ?? 1)) || 1);
  const asOf = page > 1 ? query.get('asOf') : null;
  const found = useQuery<DeploymentPage>([...deploymentsKey, page, status, asOf], {
    fetch: () => {
      const parameters = new URLSearchParams({ page: String(page), pageSize: String(pageSize) });
      if (status !== null) parameters.set('status', status);
      if (asOf !== null) parameters.set('asOf', asOf);
      return http.get(`/deployments?${parameters.toString()}`, deploymentPage);
    },
    merge: deployments.mergePage,
  });
  const { data, error, isFetching, refetch } = found;
  useLive(data?.items.filter((item) => item.status !== 'DELETED').map((item) => item.id) ?? [], () => void refetch());
  const isEmpty = data !== undefined && data.total === 0;
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>Deployments</h1>
          <p className="sub">{data ? counted(data.total, 'virtual machine', 'virtual machines') : ' '}{status && data ? `, ${statusWord(status).toLowerCase()}` : ''}</p>
        </div>
        <Link to="/deployments/new" className="button primary"><Icon name="plus" />New deployment</Link>
      </div>
      <Filters status={status} />
      {error !== undefined && <ErrorPanel error={error} onRetry={() => void refetch()} isBusy={isFetching} />}
      {data === undefined && error === undefined && <div className="card"><Skeleton lines={5} label="Loading the deployments" /></div>}
      {isEmpty && (status === null ? <FirstOne /> : (
        <Empty icon="server" title={`None is ${statusWord(status).toLowerCase()}`}>
          <Link to="/deployments" className="button outline">Show all</Link>
        </Empty>
      ))}
      {data && !isEmpty && data.items.length === 0 && (
        <Empty icon="server" title="Nothing on this page">
          <Link to={address(status)} className="button outline">To the first page</Link>
        </Empty>
      )}
      {data && data.items.length > 0 && <List items={data.items} />}
      {data && <Pages data={data} status={status} />}
    </div>
  );
}

function Filters({ status }: { status: Status | null }) {
  const all: (Status | null)[] = [null, ...statuses];
  return (
    <nav className="chips" aria-label="Filter by status">
      {all.map((one) => (
        <Link key={one ?? 'all'} to={address(one)} aria-current={one === status ? 'true' : undefined}>
          {one === null ? 'All' : statusWord(one)}
        </Link>
      ))}
    </nav>
  );
}

function FirstOne() {
  return (
    <Empty icon="server" title="No deployments yet">
      <p>A deployment is a virtual machine with its own disk and public address. The first one takes a minute.</p>
      <Link to="/deployments/new" className="button primary"><Icon name="plus" />Make the first one</Link>
    </Empty>
  );
}

function List({ items }: { items: Deployment[] }) {
  return (
    <div className="card list">
      <div className="list-head" aria-hidden="true">
        <span>Name</span><span>Status</span><span>Address</span><span>Type</span><span>Created</span>
      </div>
      <ul>
        {items.map((item) => (
          <li key={item.id} data-deployment={item.id} data-status={item.status}>
            <span className="cell-name">
              <Link to={`/deployments/${item.id}`} className="row-link">{item.name}</Link>
              <span className="muted">{item.regionId}</span>
            </span>
            <span className="cell-status">
              <StatusBadge status={item.status} />
              {item.lastError && <span className="muted clip" title={item.lastError.message}>{item.lastError.message}</span>}
            </span>
            <span className="cell-address">
              {item.runtime.publicIp
                ? <><code>{item.runtime.publicIp}</code><CopyButton text={item.runtime.publicIp} label={`the address of ${item.name}`} /></>
                : <span className="muted" aria-label="no address">–</span>}
            </span>
            <span className="cell-type"><span>{item.spec.instanceTypeId}</span><span className="muted">{item.spec.imageId}</span></span>
            <span className="cell-created muted"><Ago time={item.createdAt} /></span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Pages({ data, status }: { data: DeploymentPage; status: Status | null }) {
  const last = Math.ceil(data.total / data.pageSize);
  if (last <= 1 && data.page === 1) return null;
  const { page, asOf } = data;
  return (
    <nav className="pages" aria-label="Pages">
      {page > 1
        ? <Link to={address(status, page - 1, asOf)} className="button outline" rel="prev"><Icon name="chevronLeft" />Newer</Link>
        : <span />}
      <span className="muted">Page {page} of {Math.max(last, page)}</span>
      {page < last
        ? <Link to={address(status, page + 1, asOf)} className="button outline" rel="next">Older<Icon name="chevron" /></Link>
        : <span />}
    </nav>
  );
}
