/** Decodes the list of processes a launcher wrote; a damaged one is empty. */
export const decodeProcesses = (text: string): readonly { readonly pid: number; readonly startTicks: string }[] => {
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return [];
    return list.flatMap((each: unknown) => {
      if (typeof each !== "object" || each === null || !("pid" in each) || !("startTicks" in each)) return [];
      const { pid, startTicks } = each;
      return typeof pid === "number" && pid > 1 && typeof startTicks === "string" ? [{ pid, startTicks }] : [];
    });
  } catch {
    return [];
  }
};
