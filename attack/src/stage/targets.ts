/** A secret and where it lies. */
export type Hidden = { readonly path: string; readonly secret: string };

/** Something that listens, and what it heard since it was armed. */
export type Listener = { readonly at: string; readonly port: number; readonly heard: () => string; readonly forget: () => void; /** Resolves when everything that was sent before has been heard. */ readonly caughtUp: () => Promise<void> };

/** What hostile programs aim at: things of the host, of the gateway and of another domain. The same for control and domain. */
export type Targets = {
  /** Folder on the host, open to everyone who sees it. */
  readonly folder: string;
  /** A file of root's that only root reads. */
  readonly rootFile: Hidden;
  /** Files of other domains: a key slot and a volume of the running gateway where there is one. */
  readonly foreignKey: Hidden;
  /** The key slot of another module of the same plugin. */
  readonly moduleKey: Hidden;
  readonly foreignVolume: Hidden;
  readonly log: Hidden;
  /** A file of root's that is to be changed. */
  readonly victimFile: string;
  /** A process of another domain. */
  readonly victim: { readonly pid: () => number; readonly address: number; readonly secret: string; readonly name: string; readonly alive: () => boolean; readonly memory: () => string; readonly revive: () => Promise<void>; /** Revives it where it is dead. */ readonly ensure: () => Promise<void> };
  /** System V and POSIX objects of the host, and a key of root's keyring. */
  readonly ipc: { readonly key: number; readonly queue: string; readonly keyName: string; readonly secret: string };
  readonly terminal: Pick<Listener, "heard" | "forget" | "caughtUp"> & { readonly number: () => number };
  readonly unixPath: Listener;
  readonly abstract: Listener;
  readonly tcp: Listener;
  readonly tcp6: Listener;
  readonly udp: Listener;
  /** Ports of this machine that belong to the running gateway; null without one. */
  readonly gateway: {
    readonly nodePort: number;
    readonly ordererPort: number;
    readonly controlSocket: string;
    readonly intakeSocket: string;
  } | null;
  /** What a careless launcher would hand to its domains in the environment; the control is started by one. */
  readonly launcherSecret: string;
  /** Word to be sent where something listens. */
  readonly word: string;
};
