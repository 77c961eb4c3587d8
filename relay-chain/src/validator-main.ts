import { runDomain } from "@crossguardian/frontend";
import { validatorConfig } from "@crossguardian/protocol";
import { validateInDomain } from "./adapters/validate-in-domain.ts";

// Its own entry: the IPFS node of the orderer is neither loaded nor part of the validator's image.
await runDomain({ configCodec: validatorConfig, run: validateInDomain });
