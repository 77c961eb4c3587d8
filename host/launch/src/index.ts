export { askLauncher } from "./adapters/ask-launcher.ts";
export { isHouseRunning, reapHouse } from "./adapters/reap-house.ts";
export { type ControlAnswer } from "./decode-control-answer.ts";
export { type ControlRequest } from "./decode-control-request.ts";
export { decodeHouseSpec, MAX_DOMAINS_COUNT, MAX_HOUSE_FILE_BYTES } from "./decode-house-spec.ts";
export { type DomainState } from "./member.ts";
export { type Isolation, ISOLATIONS } from "@crossguardian/isolation";
export { DOMAIN_KINDS, isHostProcess, type DomainEntry, type DomainKind, type HouseSpec } from "./house-spec.ts";
