export { dial } from "./adapters/dial.ts";
export { makeGrants, type Grants } from "./grants.ts";
export { parseAddress, type Address } from "./parse-address.ts";
