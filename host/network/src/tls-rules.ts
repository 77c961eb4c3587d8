/** What a tls:// endpoint has to bring: a certificate for its name of a signer that this machine knows, TLS 1.2 or later (RFC 8996; later where a security profile says so), ciphers as Node has them by default. */
export const TLS_RULES = { rejectUnauthorized: true, minVersion: "TLSv1.2" } as const;
