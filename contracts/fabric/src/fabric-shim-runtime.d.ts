declare module "fabric-shim/lib/contract-spi/chaincodefromcontract.js" {
  import { type Contract } from "fabric-contract-api";
  import { type ChaincodeInterface, type ChaincodeStub, type ChaincodeResponse } from "fabric-shim";

  export default class ChaincodeFromContract implements ChaincodeInterface {
    constructor(
      contracts: readonly (new () => Contract)[],
      serializers: { readonly transaction: string; readonly serializers: Readonly<Record<string, unknown>> },
      metadata: object,
      title: string,
      version: string,
    );
    Init(stub: ChaincodeStub): Promise<ChaincodeResponse>;
    Invoke(stub: ChaincodeStub): Promise<ChaincodeResponse>;
  }
}
