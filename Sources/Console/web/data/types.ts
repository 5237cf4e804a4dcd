// What the API answers (the portal's HTTP API and WebSocket).

export type Status = 'REQUESTED' | 'PROVISIONING' | 'ACTIVE' | 'ERROR' | 'DELETING' | 'DELETED';
export const statuses: readonly Status[] = ['REQUESTED', 'PROVISIONING', 'ACTIVE', 'ERROR', 'DELETING', 'DELETED'];

export type Level = 'INFO' | 'WARN' | 'ERROR';

export interface Runtime {
  publicIp: string | null;
  privateIp: string | null;
  sshUser: string | null;
}

export interface Failure {
  code: string;
  message: string;
}

/** What a `deployment.updated` carries: the part of a deployment that changes. */
export interface Update {
  status: Status;
  runtime: Runtime;
  lastError: Failure | null;
  revision: number;
  updatedAt: string;
}

export interface Deployment extends Update {
  id: string;
  name: string;
  regionId: string;
  spec: { instanceTypeId: string; imageId: string; storage: { sizeGiB: number }; sshKeyId: string };
  createdAt: string;
}

export interface LogEvent {
  seq: number;
  ts: string;
  level: Level;
  message: string;
}

export interface DeploymentPage {
  items: Deployment[];
  page: number;
  pageSize: number;
  total: number;
  asOf: string;
}

export interface EventPage {
  items: LogEvent[];
  total: number;
}

export interface User {
  id: string;
  email: string;
  name: string;
  emailVerified: boolean;
}

export interface Region {
  id: string;
  name: string;
}

export interface InstanceType {
  id: string;
  name: string;
  vcpus: number;
  ramMiB: number;
  diskGiB: number;
}

export interface Image {
  id: string;
  name: string;
  minDiskGiB: number;
  minRamMiB: number;
  sshUser: string | null;
}

export interface SSHKey {
  id: string;
  name: string;
  publicKey: string;
  fingerprint: string;
  createdAt: string;
}

export interface Mail {
  to: string;
  subject: string;
  text: string;
  token: string | null;
}
