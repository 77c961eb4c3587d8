import { type SecurityOrder, type TlsName, tlsNameOf } from "@crossguardian/wire";

/** Lowest TLS version for a domain's connections: of its own security profile; for one that has none, as for the network domain itself. */
export const makeTlsMinima = ({ tls, tlsMin }: SecurityOrder): ((domain: string) => TlsName) => {
  const known = new Map(tls.map(({ domain, min }) => [domain, tlsNameOf(min)]));
  return (domain) => known.get(domain) ?? tlsNameOf(tlsMin);
};
