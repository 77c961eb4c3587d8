/** A program of an environment; `size` in lines of source, counted or estimated from its bytes. */
export type Program = { readonly name: string; readonly lines: number; readonly isTrusted: boolean };

/** One way out of a domain: everything named has to fall, one after the other. */
export type DomainWay = {
  readonly domain: string;
  readonly driver: string;
  /** What runs in the domain (S_sOS of equation 7). */
  readonly inside: readonly Program[];
  /** Barriers between the domain and the house, from the inside: kernel of the domain, what carries it, the host's kernel. */
  readonly barriers: readonly Program[];
};

/** What the paper's equations are computed from. */
export type SecurityInput = {
  /** Constants of equations (4) and (5). */
  readonly alpha: number;
  readonly beta: number;
  /** The same programs as one multitasking system: every program, the kernel, the runtime. */
  readonly conventional: readonly Program[];
  /** Programs every domain's frames pass outside it: switch and network domain (equation 9). */
  readonly network: readonly Program[];
  readonly domains: readonly DomainWay[];
};

/** Results per domain; probabilities are shares of the conventional system's, for alpha = beta = 1. */
export type DomainRisk = {
  readonly domain: string;
  readonly driver: string;
  readonly insideLines: number;
  /** P(S_sOS), equation (7). */
  readonly inside: number;
  /** The product of equation (11): domain and every barrier fall. */
  readonly product: number;
  /** P(S_vOS), equations (8) and (9): what carries the domain, and the network components. */
  readonly carrier: number;
  /** Equation (11). */
  readonly total: number;
  /** Equation (11) over equation (6); the paper's (12) says it is far below one. */
  readonly ratio: number;
};

/** The paper's equations (1) to (12) over a deployment. */
export type SecurityResult = {
  readonly conventionalLines: number;
  readonly trustedLines: number;
  readonly untrustedLines: number;
  /** P(S_OS), equation (6). */
  readonly conventional: number;
  readonly domains: readonly DomainRisk[];
};

const sum = (programs: readonly Program[]): number => programs.reduce((total, { lines }) => total + lines, 0);

/**
 * Computes equations (4) to (12). Sizes are set against those of the conventional system throughout, so that the results can be compared; equation (4) counts the
 * untrusted programs, (5) the trusted ones, and harmless and faultless ones are not told apart from the others, which is the worse assumption.
 */
export const analyzeSecurity = ({ alpha, beta, conventional, network, domains }: SecurityInput): SecurityResult => {
  const all = sum(conventional);
  const trusted = sum(conventional.filter(({ isTrusted }) => isTrusted));
  const chance = (programs: readonly Program[]): number =>
    programs.reduce((total, { lines, isTrusted }) => total + ((isTrusted ? beta : alpha) * lines) / all, 0);
  const whole = chance(conventional);
  return {
    conventionalLines: all,
    trustedLines: trusted,
    untrustedLines: all - trusted,
    conventional: whole,
    domains: domains.map(({ domain, driver, inside, barriers }) => {
      // The outermost barrier is the host's; what carries the domain is the one before it, or the host's kernel itself.
      const carriers = barriers.slice(-2).slice(0, 1);
      const product = barriers.reduce((total, barrier) => total * chance([barrier]), chance(inside));
      const carrier = chance(carriers) + chance(network);
      return { domain, driver, insideLines: sum(inside), inside: chance(inside), product, carrier, total: product + carrier, ratio: (product + carrier) / whole };
    }),
  };
};
