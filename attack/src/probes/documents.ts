import { encodeAccessDocument, type AccessDocument } from "@crossguardian/access";
import { decodeJson } from "@crossguardian/kernel";

import { type GatewayProbe } from "../probe.ts";

const HONEST: AccessDocument = {
  version: 1,
  operators: [{ name: "mallory", publicKey: "ab".repeat(32), roles: ["viewer"], chains: [], expiresMs: null }],
  policy: "permit (principal, action, resource);",
};
const OFFICER = "security-officer";

/** Texts of an access document that show an officer who reads the first of two keys a viewer, and management, which reads the last, an officer. */
const DOUBTFUL: Readonly<Record<string, readonly [says: string, change: (text: string) => string]>> = {
  roleTwice: ["an operator's roles twice in a document that officers sign", (text) => text.replace('"chains"', `"roles":["${OFFICER}"],"chains"`)],
  roleEscaped: ["the same, the second time in other characters", (text) => text.replace('"chains"', `"\\u0072oles":["${OFFICER}"],"chains"`)],
  operatorsTwice: ["the list of operators twice", (text) => text.replace('"policy"', `"operators":${JSON.stringify(HONEST.operators).replace("viewer", OFFICER)},"policy"`)],
};

const takesLast = (text: string): AccessDocument => JSON.parse(text) as AccessDocument; // what a careless reader does; the canary looks at what came of it

const refuses = (run: () => boolean): boolean => {
  try {
    return run();
  } catch {
    return true;
  }
};

/** Documents that two readers understand differently. */
export const documentProbes: readonly GatewayProbe[] = Object.entries(DOUBTFUL).map(([name, [says, change]]) => ({
  id: `management.document-${name}`,
  group: "management",
  threat: "have another document followed than was signed",
  says,
  layers: ["json", "form"],
  succeeds: async (layers) => {
    const text = change(encodeAccessDocument(HONEST));
    if (layers.has("json") && refuses(() => decodeJson(text) === null)) return Promise.resolve(false);
    if (layers.has("form") && refuses(() => encodeAccessDocument(takesLast(text)) !== text)) return Promise.resolve(false);
    return Promise.resolve(takesLast(text).operators[0]?.roles.some((role) => role === OFFICER) === true && text.includes('"viewer"'));
  },
}));
