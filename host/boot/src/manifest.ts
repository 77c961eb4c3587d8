/** A file as it was measured. */
export type MeasuredFile = {
  /** Relative to the project's root; absolute for files of the host. */
  readonly path: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** Permission bits. */
  readonly mode: number;
  readonly bytes: number;
};

/** A workspace package as its users find it: node_modules/name to the folder. */
export type MeasuredLink = { readonly path: string; readonly target: string };

/** What one domain runs, complete: its packages and the third-party packages they load. */
export type MeasuredImage = {
  readonly files: readonly MeasuredFile[];
  readonly links: readonly MeasuredLink[];
};

/** Everything that is checked before a house starts (paper section IV-B, constraint 5). */
export type Manifest = {
  readonly version: 1;
  /** The Node binary; its path does not count, so that an installation can be moved. */
  readonly node: MeasuredFile;
  /** Files of the host the trusted base relies on: the libraries of the Node binary, the container runtime. */
  readonly host: readonly MeasuredFile[];
  /** Flow policies. */
  readonly policies: readonly MeasuredFile[];
  readonly images: Readonly<Record<string, MeasuredImage>>;
};

const byPath = (left: { readonly path: string }, right: { readonly path: string }): number =>
  left.path < right.path ? -1 : left.path > right.path ? 1 : 0;

/** The same image with files and links in the order of their paths. */
export const sortedImage = (image: MeasuredImage): MeasuredImage => ({
  files: [...image.files].sort(byPath),
  links: [...image.links].sort(byPath),
});

/** One line per file and link with its own digest: what the digest of an image is made over. */
export const imageListing = (image: MeasuredImage): string => {
  const { files, links } = sortedImage(image);
  return [
    ...files.map((file) => `file ${file.mode.toString(8)} ${file.sha256} ${String(file.bytes)} ${file.path}`),
    ...links.map((link) => `link ${link.path} ${link.target}`),
    "",
  ].join("\n");
};

/** The manifest as it is signed. */
export const encodeManifest = (manifest: Manifest): string => `${JSON.stringify(manifest)}\n`;
