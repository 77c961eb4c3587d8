import { type DomainState } from "./member.ts";

/** What the launcher answers. `answer` is JSON text of the domain that was asked. */
export type ControlAnswer =
  | { readonly ok: true; readonly launcher?: number; readonly domains?: readonly DomainState[]; readonly answer?: string }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Decodes an answer of the launcher, which is trusted: it runs as root and owns the socket. */
export const decodeControlAnswer = (line: string): ControlAnswer => JSON.parse(line) as ControlAnswer; // written by answer-control.ts
