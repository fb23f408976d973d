// The routes of who may label in a project, and of limits of one person's own: one function a route.
import { get, part, request } from './client';
import type { Role } from './people';

export interface Quota { per_day?: number; per_worker?: number; share?: number }
export interface ProjectMember { id: string; name: string; kind: 'person' | 'model'; role: Role; active: boolean; member: boolean; may: boolean; quota: Quota }
export interface ProjectMembers { access: 'everyone' | 'members'; people: ProjectMember[] }
const of = (project: string): string => `/projects/${part(project)}`;

export const members = {
  all: (project: string) => get<ProjectMembers>(`${of(project)}/members`),
  set: (project: string, workers: string[], member: boolean) => request<ProjectMembers>('PUT', `${of(project)}/members`, { json: { workers, member } }),
  quota: (project: string, worker: string, limits: Record<keyof Quota, number | null>) =>
    request<{ worker: string; quota: Quota }>('PUT', `${of(project)}/quotas/${part(worker)}`, { json: limits }),
};
