export { type ApiServerOptions, createApiServer } from './api-server.ts';
export { type Authenticators, publicRoutes } from './authenticate.ts';
export { type HttpCode, HttpError } from './errors.ts';
export { type CheckResult, type HealthCheck, type HealthDeps, healthRoutes } from './health.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { createPeerServer, type MspRoots, type PeerServer, type PeerServerOptions } from './peer-server.ts';
export type { RateLimits } from './rate-limit.ts';
export { listRoutes, type Mount, type RouteEntry } from './route-list.ts';
export type { HttpServer, Timeouts } from './server.ts';
