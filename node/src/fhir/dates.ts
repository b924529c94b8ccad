const DATE_TIME =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2}))?)?)?$/;
const SEARCH_DATE =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/;
/** Years outside are typing errors or attacks, not health data. */
const FIRST_YEAR = 1800;
const LAST_YEAR = 2199;
const MINUTE = 60_000;

type Parts = {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  fraction: string;
};

/**
 * The span of time that a FHIR date, dateTime or instant denotes, as milliseconds, end exclusive; a date
 * without a zone is read as UTC. Undefined if it is not one or does not exist in the calendar.
 */
export function timeRange(text: string): [start: number, end: number] | undefined {
  return rangeOf(DATE_TIME.exec(text));
}

/** As `timeRange`, but in the wider syntax of search: minutes without seconds, and no zone, are accepted (search.html §date). */
export function searchTimeRange(text: string): [start: number, end: number] | undefined {
  return rangeOf(SEARCH_DATE.exec(text));
}

function rangeOf(match: RegExpExecArray | null): [number, number] | undefined {
  if (!match) return undefined;
  const [, year, month = '1', day = '1', hour = '0', minute = '0', second = '0', fraction = '', zone] = match;
  const parts: Parts = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    fraction,
  };
  const offset = zoneOffset(zone);
  if (offset === undefined || !exists(parts)) return undefined;
  const start = epoch(parts) - offset;
  return [start, endOf(match, start, parts)];
}

/** The end of the span, by the smallest part that is given. */
function endOf(match: RegExpExecArray, start: number, { year, month }: Parts): number {
  const smallest = match.slice(1, 8).findLastIndex((part) => part !== undefined);
  switch (smallest) {
    case 0:
      return Date.UTC(year + 1, 0, 1);
    case 1:
      return Date.UTC(year, month, 1);
    case 2:
      return start + 86_400_000;
    case 4:
      return start + MINUTE;
    case 5:
      return start + 1000;
    default:
      return start + 10 ** Math.max(0, 3 - (match[7] ?? '').length);
  }
}

function exists({ year, month, day, hour, minute, second }: Parts): boolean {
  if (year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > 12 || day < 1) return false;
  if (day > 28 && day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return false;
  return hour <= 23 && minute <= 59 && second <= 60;
}

function epoch({ year, month, day, hour, minute, second, fraction }: Parts): number {
  // Second 60 (a leap second) is counted as the last millisecond of second 59.
  const leap = second === 60;
  const milliseconds = leap ? 999 : Number(fraction.slice(0, 3).padEnd(3, '0'));
  return Date.UTC(year, month - 1, day, hour, minute, leap ? 59 : second, milliseconds);
}

/** Milliseconds east of UTC; zones reach from -14:00 to +14:00. */
function zoneOffset(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (minutes > 59 || hours * 60 + minutes > 14 * 60) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * MINUTE;
}
