/** A share of a buffer that is not the view's above which keeping the view would keep too much. */
const MAX_FOREIGN_SHARE = 0.25;

/** Bytes to keep: the view itself when nearly all of its buffer is its own, else a copy, so that a small view keeps no large buffer. */
export const owned = (view: Uint8Array): Uint8Array =>
  view.buffer.byteLength - view.byteLength <= view.byteLength * MAX_FOREIGN_SHARE ? view : view.slice();
