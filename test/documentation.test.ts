import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pages = globSync(['*.md', '*/*.md', 'docs/**/*.md', 'clients/*/*.md', 'demo/data/*.md'], {
  cwd: root,
}).filter((page) => !page.includes('node_modules'));
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

/** What `find` finds on any page, with the page's name. */
function everywhere(find: (text: string, page: string) => string[]): string[] {
  return pages.flatMap((page) => find(textOf(page), page).map((each) => `${page}: ${each}`));
}

/** As GitHub makes anchors of headings. */
function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('what the documentation says to type', () => {
  it('is on many pages', () => {
    expect(pages.length).toBeGreaterThan(30);
  });

  it('are commands that package.json has', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const unknown = everywhere((text) =>
      [...text.matchAll(/npm run (?:-s )?([a-z][a-z:0-9-]*)/g)]
        .map(([, name = '']) => name)
        .filter((name) => !Object.hasOwn(scripts, name)),
    );

    expect(unknown).toEqual([]);
  });

  it('works on the Node that the reader has: TypeScript runs on Node 24 alone', () => {
    const bare = everywhere((text) => text.match(/\bnode (?!scripts\/on-node24)[\w/-]+\.ts\b/g) ?? []);

    expect(bare).toEqual([]);
  });
});

describe('what the documentation points to', () => {
  it('is there: pages, pictures and headings', () => {
    const dead = everywhere((text, page) =>
      [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => {
          const [path = '', anchor] = target.split('#');
          const file = path === '' ? page : join(dirname(page), path);
          if (!existsSync(join(root, file))) return true;
          return anchor !== undefined && !anchorsOf(file).includes(anchor);
        }),
    );

    expect(dead).toEqual([]);
  });

  it('is there: source files', () => {
    const workspaces =
      /`((?:evidence|node|network|chaincode|clients|demo|scripts|test|bench|policies)\/[\w./-]+\.\w+)`/g;
    const gone = everywhere((text) =>
      [...text.matchAll(workspaces)]
        .map(([, path = '']) => path)
        .filter((path) => !path.startsWith('evidence/dist/') && !existsSync(join(root, path))),
    );

    expect(gone).toEqual([]);
  });
});
