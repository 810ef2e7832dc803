/**
 * How hosts ask each other for what does not go over the link: a question and an answer in bytes, by the broker. Who
 * wires discovery gives it; discovery knows of no broker. It is believed in nothing: answers are signed by the host that
 * was asked, and numbered.
 */
export interface DirectoryExchange {
  /** Has others' questions answered by this host from now on. Returns what ends it. */
  serve(answer: (question: Uint8Array) => Uint8Array): () => void;
  /**
   * Asks another host. Questions have less than 200 bytes, answers less than 64 kB. What fails rejects, or never comes:
   * it is asked again when the host is next heard.
   */
  ask(host: AskedHost, question: Uint8Array): Promise<Uint8Array>;
}

/** Whom to ask, as its signed record says. */
export interface AskedHost {
  readonly host: string;
  readonly queue: string;
  readonly endpoints: readonly string[];
}
