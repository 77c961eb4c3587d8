/** A JSON-RPC request, as far as a proxy looks into it. */
export type RpcCall = {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
};

/** Reads a request that a client of the devnet sent; what is not one becomes a call of no method. */
export const decodeCall = (untrusted: unknown): RpcCall => {
  const fields = typeof untrusted === "object" && untrusted !== null ? untrusted : {};
  const method: unknown = Reflect.get(fields, "method");
  const params: unknown = Reflect.get(fields, "params");
  return {
    id: Reflect.get(fields, "id"),
    method: typeof method === "string" ? method : "",
    params: Array.isArray(params) ? params : [],
  };
};
