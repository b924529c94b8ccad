import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ranks = [
  'lib',
  'crypto',
  'fhir',
  'audit',
  'identity',
  'evidence-log',
  'consent',
  'records',
  'exchange',
  'disputes',
  'http',
];
const siblings = new Set(['exchange', 'prescriptions', 'research', 'disputes']);

type Import = { from: string; specifier: string; target: string; typeOnly: boolean };

function importsOf(file: string): Import[] {
  const source = readFileSync(join(root, file), 'utf8');
  const pattern =
    /(?:^|\n)\s*(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g;
  return [...source.matchAll(pattern)].map((match) => {
    const specifier = match[3] ?? match[4] ?? '';
    const target = specifier.startsWith('.')
      ? relative(root, resolve(root, dirname(file), specifier))
      : specifier;
    return { from: file, specifier, target, typeOnly: match[2] !== undefined };
  });
}

const isTest = (file: string): boolean => /\.test\.ts$|\/test\/|^test\//.test(file);
const files = globSync(
  ['evidence/src/**/*.ts', 'chaincode/*/src/**/*.ts', 'network/solo/src/**/*.ts', 'node/src/**/*.ts'],
  {
    cwd: root,
  },
).filter((file) => !isTest(file) && !file.includes('node_modules'));
const imports = files.flatMap(importsOf);
// system/ is the inside of system.ts, which stands above every module.
const moduleOf = (path: string): string | undefined => {
  const name = /^node\/src\/([^/]+)\//.exec(path)?.[1];
  return name === 'system' ? undefined : name;
};

function breaks(rule: (edge: Import) => boolean): string[] {
  return imports.filter(rule).map(({ from, specifier }) => `${from} → ${specifier}`);
}

describe('import rules', () => {
  it('sees the sources', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(imports.length).toBeGreaterThan(100);
  });

  it('lets a module import only modules of a lower rank', () => {
    const broken = breaks(({ from, target }) => {
      const [own, other] = [moduleOf(from), moduleOf(target)];
      if (own === undefined || other === undefined || own === other || own === 'adapters') return false;
      if (other === 'adapters') return true;
      return ranks.indexOf(other) >= ranks.indexOf(own) || (siblings.has(own) && siblings.has(other));
    });

    expect(broken).toEqual([]);
  });

  it('enters another module through its door only', () => {
    const broken = breaks(({ from, target }) => {
      const other = moduleOf(target);
      if (other === undefined || other === 'lib' || other === 'adapters' || other === moduleOf(from))
        return false;
      if (other === 'crypto') return false;
      return target !== `node/src/${other}/index.ts`;
    });

    expect(broken).toEqual([]);
  });

  it('builds adapters in system.ts alone', () => {
    const mayBuild = new Set(['node/src/system.ts', 'node/src/main.ts']);
    const broken = breaks(
      ({ from, target }) =>
        moduleOf(target) === 'adapters' &&
        moduleOf(from) !== 'adapters' &&
        !mayBuild.has(from) &&
        !from.startsWith('node/src/system/'),
    );

    expect(broken).toEqual([]);
  });

  it.each([
    ['pg', /^node\/src\/adapters\/postgres\//],
    ['express', /\/routes\.ts$|-routes\.ts$|^node\/src\/http\//],
    ['@hyperledger/fabric-gateway', /^node\/src\/adapters\/fabric\//],
    ['@grpc/grpc-js', /^node\/src\/adapters\/fabric\/|^network\//],
    ['@open-policy-agent/opa-wasm', /^node\/src\/adapters\/opa\//],
    ['viem', /^node\/src\/adapters\/evm\/|^chaincode\/evm\//],
    ['pdfkit', /^node\/src\/adapters\/pdf\//],
    ['qr', /^node\/src\/adapters\/pdf\//],
    ['jose', /^node\/src\/adapters\/oidc\//],
  ])('keeps the package %s in its place', (name, place) => {
    const broken = breaks(
      ({ from, specifier, typeOnly }) => specifier === name && !typeOnly && !place.test(from),
    );

    expect(broken).toEqual([]);
  });

  it('keeps the workspaces apart', () => {
    const allowed: Record<string, RegExp> = {
      evidence: /^$/,
      chaincode: /^@medseal\/evidence$/,
      network: /^@medseal\/(evidence|chaincode)/,
      node: /^@medseal\/(evidence$|chaincode\/rules$)/,
    };
    const broken = breaks(({ from, specifier, target }) => {
      const own = from.split('/')[0] ?? '';
      if (specifier.startsWith('@medseal/')) return !allowed[own]?.test(specifier);
      return specifier.startsWith('.') && target.split('/')[0] !== own;
    });

    expect(broken).toEqual([]);
  });

  it('keeps evidence/ free of input and output, so that it runs in a browser', () => {
    expect(
      breaks(
        ({ from, specifier }) =>
          from.startsWith('evidence/') && !from.endsWith('/cli.ts') && specifier.startsWith('node:'),
      ),
    ).toEqual([]);
  });

  it('reads process.env in config.ts alone', () => {
    const broken = files.filter(
      (file) => !file.endsWith('config.ts') && /process\.env/.test(readFileSync(join(root, file), 'utf8')),
    );

    expect(broken).toEqual([]);
  });
});
