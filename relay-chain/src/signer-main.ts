import { runDomain } from "@crossguardian/frontend";
import { signerConfig } from "@crossguardian/protocol";
import { signInDomain } from "./adapters/sign-in-domain.ts";

await runDomain({ configCodec: signerConfig, run: signInDomain });
