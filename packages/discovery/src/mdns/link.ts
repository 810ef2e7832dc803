/** One way onto the network: an interface and a family of addresses. The engine sends over all that are attached. */
export interface Link {
  /** E.g. `eth0/4`. */
  readonly id: string;
  /** This machine's addresses there, for its address records. */
  readonly addresses: readonly { readonly family: 4 | 6; readonly address: string }[];
  /** One packet to everybody on the link. What fails is the link's to report. */
  send(bytes: Buffer): void;
}

export interface LinkStatus {
  readonly id: string;
  /** Whether a packet of ours came back: `trying` for the first seconds, then `heard` or `deaf`. */
  readonly hearing: 'trying' | 'heard' | 'deaf';
}
