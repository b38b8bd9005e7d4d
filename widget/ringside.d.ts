/** What a page may do with the Ringside widget: `window.Ringside`. */

/** Where a contact stands. */
export type RingsidePhase =
  | 'scheduled' | 'waiting' | 'calling' | 'confirming' | 'connecting' | 'talking' | 'on_hold' | 'ended'
  | 'showing';

/** Why a contact ended. */
export type RingsideReason =
  | 'completed' | 'cancelled' | 'abandoned' | 'busy' | 'no_answer' | 'rejected' | 'unreachable' | 'not_confirmed'
  | 'interrupted' | 'no_agent' | 'not_allowed' | 'window_closed' | 'no_microphone' | 'shown';

export interface RingsideStatus {
  phase: RingsidePhase;
  channel: 'telephone' | 'browser' | 'page';
  /** Place in line, 1 is next; only while waiting. */
  position: number | null;
  /** Estimated seconds until the call. */
  waitSeconds: number | null;
  /** First name of the agent, once one is there. */
  agent: string | null;
  /** Only when ended. */
  reason: RingsideReason | null;
  /** The agent may see the page. */
  sharing: boolean;
}

export interface RingsideEvents {
  /** The card opened. */
  open: RingsideStatus | undefined;
  /** The card was minimised. */
  close: RingsideStatus | undefined;
  /** A call was asked for, and accepted. */
  requested: RingsideStatus | undefined;
  status: RingsideStatus;
  ended: RingsideStatus;
}

/** JSON data about the cart or the product: at most 16 kB as text. Shown to the agent. */
export type RingsideContext = { [name: string]: unknown };

export interface RingsideApi {
  /** Opens the card. */
  open(): void;
  /** Minimises the card; what was typed stays. */
  close(): void;
  /** What this page is about. The latest call counts; say it again on every page. */
  setContext(context: RingsideContext): void;
  on<Name extends keyof RingsideEvents>(event: Name, listener: (detail: RingsideEvents[Name]) => void): void;
  off<Name extends keyof RingsideEvents>(event: Name, listener: (detail: RingsideEvents[Name]) => void): void;
}

/** One call, as it waits for the loader. */
export type RingsideCall = {
  [Name in keyof RingsideApi]: [Name, ...Parameters<RingsideApi[Name]>];
}[keyof RingsideApi];

declare global {
  interface Window {
    /**
     * Before the loader ran it is at most a queue:
     * `(window.Ringside ??= { q: [] }).q.push(['setContext', { cart }])`.
     * Afterwards the methods are there, and the queue still works.
     */
    Ringside: RingsideApi & { q: { push(call: RingsideCall): unknown } };
  }
}
