/** Where something of the user's own comes from. */
export interface PluginFile {
  /** As typed. */
  readonly path: string;
  /** Of the file and the modules that it imports by relative path. */
  readonly digest: string;
}
