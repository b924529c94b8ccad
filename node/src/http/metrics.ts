import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export type RequestObservation = { method: string; route: string; status: number; milliseconds: number };

/** The node's metrics in Prometheus' format. Labels are route templates and codes, never ids. */
export type Metrics = {
  registry: Registry;
  observeRequest(observation: RequestObservation): void;
};

/** A registry of its own, with the process' figures and the HTTP server's. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'medseal_http_requests_total',
    help: 'HTTP requests by route, method and status',
    labelNames: ['route', 'method', 'status'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'medseal_http_request_seconds',
    help: 'Time from the first byte of a request to the last of its answer',
    labelNames: ['route', 'method'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  return {
    registry,
    observeRequest: ({ method, route, status, milliseconds }) => {
      requests.inc({ route, method, status: String(status) });
      seconds.observe({ route, method }, milliseconds / 1000);
    },
  };
}
