import { decodeMessage, encodeMessage } from "@crossguardian/wire";
import { type Call } from "../call.ts";
import { type Ledger } from "../ledger.ts";
import { demand, Refusal } from "../refusal.ts";
import { installFirstValidators } from "./attested.ts";
import { type GatewayTerms, storedTerms, type Terms, termsCodec } from "./terms.ts";

const TERMS_KEY = "terms";
const MAX_RESULT_BYTES = 16_384;
const MAX_WINDOW_INDEXES = 2 ** 20;
const NONE = new Uint8Array(0);

/** The gateway's terms. @throws Refusal NotInitialised */
export const loadTerms = async (ledger: Ledger): Promise<Terms> => {
  const stored = await ledger.read(TERMS_KEY);
  const decoded = stored === null ? null : decodeMessage(storedTerms, stored);
  if (decoded?.ok !== true) throw new Refusal("NotInitialised");
  return { ...decoded.value.terms, admin: decoded.value.admin };
};

const checkTerms = (terms: GatewayTerms): void => {
  const { minTimeoutMs, maxTimeoutMs, window, maxResultBytes, governors, governanceThreshold } = terms;
  demand(minTimeoutMs > 0n && minTimeoutMs <= maxTimeoutMs && window > 0 && window <= MAX_WINDOW_INDEXES, "LimitsInvalid");
  demand(maxResultBytes <= MAX_RESULT_BYTES && terms.relayGenesis.some((byte) => byte !== 0), "LimitsInvalid");
  const distinct = new Set(governors.map((each) => each.join()));
  demand(governanceThreshold > 0 && governanceThreshold <= governors.length && distinct.size === governors.length, "GovernorSetInvalid");
};

/** Makes the gateway, once; whoever calls is the admin of its services until they are sealed. */
export const initialise = async (call: Omit<Call, "terms">, untrustedTerms: Uint8Array): Promise<void> => {
  demand((await call.ledger.read(TERMS_KEY)) === null, "AlreadyInitialised");
  const decoded = decodeMessage(termsCodec, untrustedTerms);
  if (!decoded.ok) throw new Refusal("ArgumentsInvalid");
  const terms = decoded.value;
  checkTerms(terms);
  call.ledger.write(TERMS_KEY, encodeMessage(storedTerms, { terms, admin: call.caller, reserved: NONE }));
  installFirstValidators({ ...call, terms: { ...terms, admin: call.caller } });
};
