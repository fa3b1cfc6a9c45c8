/** What is typed after `get`. */
export interface GetOptions {
  readonly out?: string;
  readonly acceptLicence: boolean;
  /** What lies at the address is a captioning model. */
  readonly captioner: boolean;
  readonly token?: string;
  readonly sha256?: string;
  readonly mirror?: string;
  readonly proxy?: string;
}

export interface GetPlace {
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly configFolder: string;
}
