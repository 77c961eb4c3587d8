import fabricContractApi, { type Contract } from "fabric-contract-api";
import { DataContract } from "./contracts/data-contract.ts";
import { GatewayContract } from "./contracts/gateway-contract.ts";
import { VaultContract } from "./contracts/vault-contract.ts";

/** The contracts of the chaincode; fabric-shim adds its own to the list it is given. */
export const chaincodeContracts = (): (new () => Contract)[] => [GatewayContract, VaultContract, DataContract];

/** How fabric-contract-api turns arguments and answers into bytes. */
export const CHAINCODE_SERIALIZERS = { transaction: "json", serializers: { json: fabricContractApi.JSONSerializer } } as const;
