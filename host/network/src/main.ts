import { runDomain } from "@crossguardian/frontend";
import { networkConfig } from "@crossguardian/protocol";
import { runBackEnd } from "./adapters/back-end.ts";

await runDomain({ configCodec: networkConfig, run: runBackEnd });
