import { LEVELS, type SecurityTerms, TLS_MINIMA } from "./security-profile.ts";

/** What satisfies both; `suites` is empty where they have none in common. */
export const stricterOf = (left: SecurityTerms, right: SecurityTerms): SecurityTerms => {
  const [more, less] = LEVELS.indexOf(left.level) >= LEVELS.indexOf(right.level) ? [left, right] : [right, left];
  const days = [left.credentials.longestDays, right.credentials.longestDays].filter((each) => each !== null);
  return {
    level: more.level,
    suites: more.suites.filter((suite) => less.suites.includes(suite)),
    tlsMin: TLS_MINIMA[Math.max(TLS_MINIMA.indexOf(left.tlsMin), TLS_MINIMA.indexOf(right.tlsMin))] ?? "TLSv1.3",
    keyLifetimeDays: Math.min(left.keyLifetimeDays, right.keyLifetimeDays),
    credentials: { longestDays: days.length === 0 ? null : Math.min(...days), officers: Math.max(left.credentials.officers, right.credentials.officers) },
  };
};

/** Whether terms ask for at least what others do. */
export const isAsStrict = (terms: SecurityTerms, floor: SecurityTerms): boolean => {
  const both = stricterOf(terms, floor);
  return both.level === terms.level && both.suites.length === terms.suites.length && both.tlsMin === terms.tlsMin && both.keyLifetimeDays === terms.keyLifetimeDays
    && both.credentials.longestDays === terms.credentials.longestDays && both.credentials.officers === terms.credentials.officers;
};
