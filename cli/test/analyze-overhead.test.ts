import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";

import { measureSwap } from "../src/analyze/measure-swap.ts";
import { driverOverhead, PAGE_BYTES, swappedPages, swapOverhead } from "../src/analyze/overhead.ts";

const GIB = 2 ** 30;

test("a domain whose prices are those of the model is predicted without an error", () => {
  const ioUs = (bytes: number): number => 2 * 0.5 + bytes / 200 + 40;
  const { io, mmu } = driverOverhead("x", {
    callUs: 0.5,
    transfers: [1, 4_096, 65_536, 524_288].map((bytes) => ({ bytes, us: ioUs(bytes) })),
    pages: [512, 2_048, 8_192].map((pages) => ({ pages, us: pages * 0.7 })),
  });
  assert.ok(Math.abs(io.bytesPerUs - 200) < 1e-6 && Math.abs(io.eventUs - 40) < 1e-6);
  assert.deepEqual(io.compared.map(({ of, errorPercent }) => [of, errorPercent]), [[4_096, 0], [65_536, 0]]);
  assert.ok(Math.abs(mmu.validateUs - 0.2) < 1e-9);
  assert.deepEqual(mmu.compared.map(({ of, errorPercent }) => [of, errorPercent]), [[2_048, 0], [8_192, 0]]);
});

test("what a domain is dearer than the model says shows as an error below zero", () => {
  const { io } = driverOverhead("x", { callUs: 0, transfers: [{ bytes: 0, us: 10 }, { bytes: 100, us: 40 }, { bytes: 200, us: 30 }], pages: [{ pages: 1, us: 1 }] });
  assert.deepEqual(io.compared, [{ of: 100, modelUs: 20, measuredUs: 40, errorPercent: -50 }]);
});

test("memory that is there for all asks for no swapping, and above that pages follow the over-commit", () => {
  assert.equal(swappedPages(GIB, 0.4), 0);
  assert.equal(swappedPages(GIB, 1), 0);
  assert.equal(swappedPages(GIB, 2), GIB / PAGE_BYTES);
  const swap = swapOverhead({ compressUs: 3, diskUs: 7, many: { pages: 100, us: 1_000 } }, { physicalBytes: GIB, promisedBytes: GIB / 2 }, [2]);
  assert.equal(swap.alpha, 0.5);
  assert.deepEqual(swap.compared.map(({ errorPercent }) => errorPercent), [0]);
  assert.deepEqual(swap.at.map(({ pages, seconds }) => [pages, seconds]), [[0, 0], [262_144, 2.62144]]);
});

test("pages are compressed and written on this machine", () => {
  const { compressUs, diskUs, many } = measureSwap(tmpdir());
  assert.ok(compressUs > 0 && diskUs > 0 && many.us > 0);
});
