import { type OverheadSamples } from "@crossguardian/isolation";

/** Size of a page in bytes (S of the paper). */
export const PAGE_BYTES = 4_096;

/** A price by the model and as it was measured. */
export type Compared = { readonly of: number; readonly modelUs: number; readonly measuredUs: number; readonly errorPercent: number };

/** Parameters of T_I/O = 2 T_trap + n / B_grant + T_event. */
export type IoParameters = { readonly trapUs: number; readonly bytesPerUs: number; readonly eventUs: number };
/** Parameters of T_mmu = m (T_hypercall + T_validate). */
export type MmuParameters = { readonly hypercallUs: number; readonly validateUs: number };
/** Parameters of T_swap = m (T_compress + T_disk). */
export type SwapParameters = { readonly compressUs: number; readonly diskUs: number };

/** The cost model of the paper's section III-B. */
export const modelIo = ({ trapUs, bytesPerUs, eventUs }: IoParameters, bytes: number): number => 2 * trapUs + bytes / bytesPerUs + eventUs;
/** See {@link modelIo}. */
export const modelMmu = ({ hypercallUs, validateUs }: MmuParameters, pages: number): number => pages * (hypercallUs + validateUs);
/** See {@link modelIo}. */
export const modelSwap = ({ compressUs, diskUs }: SwapParameters, pages: number): number => pages * (compressUs + diskUs);
/** Pages to be swapped out: m = P (alpha - 1) / S, none up to alpha = 1. */
export const swappedPages = (physicalBytes: number, alpha: number): number => Math.max(0, Math.ceil((physicalBytes * (alpha - 1)) / PAGE_BYTES));

const compared = (of: number, modelUs: number, measuredUs: number): Compared => ({
  of, modelUs, measuredUs, errorPercent: measuredUs === 0 ? 0 : Math.round(((modelUs - measuredUs) / measuredUs) * 1_000) / 10,
});

/** Model and measurement of one driver; what calibrated a model is not among what is compared with it. */
export type DriverOverhead = {
  readonly driver: string;
  readonly io: IoParameters & { readonly compared: readonly Compared[] };
  readonly mmu: MmuParameters & { readonly compared: readonly Compared[] };
};

/** Parameters from the first and the last transfer, and from the first pages; then what they predict of the others. */
export const driverOverhead = (driver: string, { callUs, transfers, pages }: OverheadSamples): DriverOverhead => {
  const [least, ...more] = transfers;
  const most = more.at(-1);
  const [few, ...others] = pages;
  if (least === undefined || most === undefined || few === undefined) throw new Error("no samples");
  const bytesPerUs = (most.bytes - least.bytes) / Math.max(most.us - least.us, Number.MIN_VALUE);
  const io: IoParameters = { trapUs: callUs, bytesPerUs, eventUs: Math.max(0, least.us - least.bytes / bytesPerUs - 2 * callUs) };
  const mmu: MmuParameters = { hypercallUs: callUs, validateUs: Math.max(0, few.us / few.pages - callUs) };
  return {
    driver,
    io: { ...io, compared: more.slice(0, -1).map(({ bytes, us }) => compared(bytes, modelIo(io, bytes), us)) },
    mmu: { ...mmu, compared: others.map(({ pages: count, us }) => compared(count, modelMmu(mmu, count), us)) },
  };
};

/** What swapping costs on this machine, by single pages and by many. */
export type SwapSamples = SwapParameters & { readonly many: { readonly pages: number; readonly us: number } };

/** The machine's over-commit, and what the model says it would cost. */
export type SwapOverhead = SwapParameters & {
  readonly compared: readonly Compared[];
  readonly physicalBytes: number;
  readonly promisedBytes: number;
  /** Of everything of this project that runs on the machine now. */
  readonly alpha: number;
  /** At ratios a house may be started with. */
  readonly at: readonly { readonly alpha: number; readonly pages: number; readonly seconds: number }[];
};

const US_PER_S = 1e6;

/** @param alphas ratios to compute beside the machine's own */
export const swapOverhead = (
  { compressUs, diskUs, many }: SwapSamples, { physicalBytes, promisedBytes }: { readonly physicalBytes: number; readonly promisedBytes: number }, alphas: readonly number[],
): SwapOverhead => {
  const swap: SwapParameters = { compressUs, diskUs };
  const alpha = promisedBytes / physicalBytes;
  return {
    ...swap,
    compared: [compared(many.pages, modelSwap(swap, many.pages), many.us)],
    physicalBytes, promisedBytes, alpha,
    at: [alpha, ...alphas].map((each) => {
      const pages = swappedPages(physicalBytes, each);
      return { alpha: each, pages, seconds: modelSwap(swap, pages) / US_PER_S };
    }),
  };
};
