import type { Router } from 'express';

/** A router and where it is mounted. */
export type Mount = { path: string; router: Router };

export type RouteEntry = { method: string; path: string };

type Layer = {
  rawPath?: unknown;
  handle: { stack?: Layer[] };
  route?: { path: unknown; methods: Record<string, boolean>; stack: unknown[] };
  match(path: string): boolean;
  path?: string;
};

/** Every mounted route as method and path template. */
export function listRoutes(mounts: readonly Mount[]): RouteEntry[] {
  return mounts.flatMap(({ path, router }) => entriesOf(stackOf(router), path === '/' ? '' : path));
}

/** The methods under which some route answers this path; empty when none does. */
export function methodsFor(mounts: readonly Mount[], path: string): string[] {
  const methods = mounts.flatMap((mount) => {
    const prefix = mount.path === '/' ? '' : mount.path;
    return path === prefix || path.startsWith(`${prefix}/`)
      ? methodsIn(stackOf(mount.router), path.slice(prefix.length) || '/')
      : [];
  });
  return [...new Set(methods)].sort();
}

function entriesOf(stack: readonly Layer[], prefix: string): RouteEntry[] {
  return stack.flatMap((layer) => {
    if (layer.route === undefined) {
      const inner = typeof layer.rawPath === 'string' && layer.rawPath !== '/' ? layer.rawPath : '';
      return entriesOf(layer.handle.stack ?? [], prefix + inner);
    }
    const path = `${prefix}${String(layer.route.path)}`;
    return methodsOf(layer.route).map((method) => ({ method, path }));
  });
}

function methodsIn(stack: readonly Layer[], path: string): string[] {
  return stack.flatMap((layer) => {
    if (!layer.match(path)) return [];
    if (layer.route !== undefined) return methodsOf(layer.route);
    return methodsIn(layer.handle.stack ?? [], path.slice((layer.path ?? '').length) || '/');
  });
}

function methodsOf(route: { methods: Record<string, boolean> }): string[] {
  return Object.keys(route.methods).map((method) => (method === '_all' ? 'ALL' : method.toUpperCase()));
}

function stackOf(router: Router): Layer[] {
  return router.stack as unknown as Layer[];
}
