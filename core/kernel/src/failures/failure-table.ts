/** Shape of one area's table: code to what the caller does about it and what it says. */
export type FailureTable = Readonly<
  Record<string, { readonly action: "refuse" | "retry" | "alarm"; readonly says: string }>
>;
