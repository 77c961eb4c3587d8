import { CodedError, type FailureCode, FAILURES } from "@crossguardian/kernel";

/** One line of the record of responses. */
export type ResponseLine = {
  readonly house: string;
  readonly atMs: number;
  readonly domain: string;
  readonly epoch: string;
  readonly step: string;
  readonly outcome: string;
  readonly tookMs: number | null;
  readonly by: string;
  readonly says: string;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
};

const isCode = (text: unknown): text is FailureCode => typeof text === "string" && Object.hasOwn(FAILURES, text);

/** Decodes management's answer to `respond` or `responses`; it is trusted with what it says of its house. @throws the failure it answers with */
export const decodeResponses = (house: string, answer: { readonly answer?: string }): readonly ResponseLine[] => {
  const value: unknown = JSON.parse(answer.answer ?? "[]");
  if (typeof value === "object" && value !== null && "failure" in value) {
    throw isCode(value.failure) ? new CodedError(value.failure, { house }) : new CodedError("cli.house.refused", { house });
  }
  const records = (Array.isArray(value) ? value : [value]) as readonly Omit<ResponseLine, "house">[]; // written by domains/management/src/response
  return records.map((record) => ({ house, ...record }));
};
