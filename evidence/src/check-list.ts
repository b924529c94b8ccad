import { EvidenceError, type EvidenceErrorCode } from './errors.ts';

/** What a check is about; the four parts of a report for a Chinese court (法释〔2021〕12号, 16–18). */
export type CheckHeading = 'who' | 'before' | 'after' | 'neutrality';

export type CheckStatus = 'passed' | 'failed' | 'skipped';

/** The outcome of one check. `code` says why it failed; `detail` names organisations, never content. */
export type CheckOf<Name extends string> = {
  name: Name;
  heading: CheckHeading;
  status: CheckStatus;
  code?: EvidenceErrorCode;
  detail?: string;
  zh: string;
  en: string;
};

/** What each check is called in a report, by outcome. */
export type CheckTexts<Name extends string> = Record<
  Name,
  { heading: CheckHeading } & Record<CheckStatus, readonly [zh: string, en: string]>
>;

/** Runs checks in order and keeps their outcomes. */
export type CheckListOf<Name extends string> = {
  readonly checks: CheckOf<Name>[];
  /** Runs `work`; its refusal makes the check fail and yields undefined, so that what builds on it can be skipped. */
  run<Result>(name: Name, work: () => { result: Result; detail?: string }): Result | undefined;
  skip(name: Name, detail?: string): undefined;
};

/** An empty list of checks that report in these words. */
export function checkListOf<Name extends string>(texts: CheckTexts<Name>): CheckListOf<Name> {
  const checks: CheckOf<Name>[] = [];
  const add = (
    name: Name,
    status: CheckStatus,
    rest: { code?: EvidenceErrorCode; detail?: string },
  ): void => {
    const {
      heading,
      [status]: [zh, en],
    } = texts[name];
    checks.push({ name, heading, status, ...rest, zh, en });
  };
  return {
    checks,
    run: (name, work) => {
      try {
        const { result, detail } = work();
        add(name, 'passed', detail === undefined ? {} : { detail });
        return result;
      } catch (error) {
        if (!(error instanceof EvidenceError)) throw error;
        add(name, 'failed', { code: error.code });
        return undefined;
      }
    },
    skip: (name, detail) => {
      add(name, 'skipped', detail === undefined ? {} : { detail });
      return undefined;
    },
  };
}
