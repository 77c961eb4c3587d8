import { type Facts } from "./facts.ts";
import { type Finding, finding, span } from "./finding.ts";

/** Share of its lifetime after which a key is worth a word. */
export const OLD_KEY_SHARE = 0.9;
const DAY_MS = 86_400_000;

/** Root keys that are, or soon will be, older than the lifetime in their domain's security profile. */
export const judgeKeys = ({ keys, nowMs }: Pick<Facts, "keys" | "nowMs">): readonly Finding[] =>
  keys.flatMap(({ house, domain, ageMs, lifetimeDays, isRotated, canRotate, isEnforced }) => {
    const leftMs = lifetimeDays * DAY_MS - ageMs;
    if (leftMs > (1 - OLD_KEY_SHARE) * lifetimeDays * DAY_MS) return [];
    const isExpired = leftMs < 0;
    const refused = isEnforced ? "the domain is refused at its next start, and runs on until then" : "nothing: it is only reported here";
    return [finding({
      severity: isExpired && !isRotated ? (isEnforced ? "stuck" : "warning") : "note", code: isExpired ? "doctor.key.expired" : "doctor.key.old", subject: `${house}/${domain}`, ageMs,
      detail: isExpired ? `${span(-leftMs)} older than ${lifetimeDays} days` : `${span(leftMs)} left of ${lifetimeDays} days`,
      next: isRotated ? "the next key waits beside it and is used from the next orderly start" : isExpired ? refused : "it goes on until then",
      fix: isRotated ? `./crossguardian domain restart ${domain} --gateway ${house}` : canRotate ? `./crossguardian keys rotate ${domain} --gateway ${house}` : "no command rotates this key yet; have the officers decide on a longer lifetime (domain profile set)",
    }, nowMs)];
  });
