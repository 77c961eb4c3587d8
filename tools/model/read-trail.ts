const MARK = "@ ";

/**
 * The shared events of a counterexample, from what `spin -t -T` prints; where a run repeats for ever or stands still, it says so.
 * Lines that repeat at once are one.
 */
export const readTrail = (untrustedOutput: string): readonly string[] => {
  const events: string[] = [];
  for (const line of untrustedOutput.split("\n")) {
    const text = line.trim();
    if (text.startsWith(MARK)) events.push(text.slice(MARK.length));
    else if (text.includes("START OF CYCLE")) events.push("(from here on the same for ever)");
  }
  return events.filter((event, at) => event !== events[at - 1]);
};
