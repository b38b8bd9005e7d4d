// Holds the socket, and listens to the page.
import { forgetNames, nodeOf } from "./batch.js";
import {
  FRAME_MS, begin, beginAfter, core, flush, generation, onField, onResize, onScroll, pause, recordFor, recording,
} from "./flush.js";
import { fieldFlags, readRules, strict } from "./rules.js";
import { absolute } from "./urls.js";

// Milliseconds between looks at what no event tells, and between pointer frames.
const LOOK_MS = 400,
  POINTER_MS = 50,
  SLOWEST_RETRY_MS = 15000;
// Bytes: a smaller body is not worth compressing; above, the network does not keep up; below, it does again.
const COMPRESS_FROM = 512,
  CONGESTED = 1 << 20,
  CLEARED = 1 << 16;

let config, on, document_, ws, live, stopped, beat, retry, frameTimer, looking, pointerTimer, pointer,
  failed = 0,
  heartbeat = 0,
  lastFrame = 0,
  lastPointer = 0,
  waiting = 0,
  chain = Promise.resolve();

// ---- sending

export const soon = () => {
  if (frameTimer) return;
  const wait = lastFrame + FRAME_MS - performance.now();
  if (wait > 0) frameTimer = setTimeout(sendFrame, wait);
  else sendFrame();
};
const sendFrame = () => {
  clearTimeout(frameTimer);
  frameTimer = 0;
  if (!recording || !live) return;
  if (ws.bufferedAmount > CONGESTED) {
    // The network does not keep up: what is on its way arrives, and then a keyframe.
    pause();
    return beginAfter(LOOK_MS, () => ws.bufferedAmount <= CLEARED);
  }
  const body = core.take();
  if (!body) return;
  lastFrame = performance.now();
  const place = core.place(),
    mine = generation;
  const transmit = (bytes, deflated) => {
    if (mine === generation && live && recording) ws.send(core.frame(place, bytes, deflated));
  };
  const compress = body.length >= COMPRESS_FROM && self.CompressionStream;
  // What was taken first is sent first.
  if (!compress && !waiting) return transmit(body, false);
  waiting++;
  const deflated =
    compress &&
    new Response(new Blob([body]).stream().pipeThrough(new CompressionStream("deflate-raw"))).arrayBuffer();
  chain = chain.then(async () => {
    try {
      if (deflated) transmit(new Uint8Array(await deflated), true);
      else transmit(body, false);
    } finally {
      waiting--;
    }
  });
};

// ---- events of the page

const onPointer = (event) => {
  pointer = event;
  if (!pointerTimer) pointerTimer = setTimeout(sendPointer, Math.max(0, lastPointer + POINTER_MS - performance.now()));
};
const sendPointer = () => {
  pointerTimer = 0;
  lastPointer = performance.now();
  if (recording && live && !ws.bufferedAmount)
    ws.send(core.pointer(Math.round(pointer.clientX), Math.round(pointer.clientY), pointer.buttons > 0));
};
const onFront = () => live && ws.send(core.inFront(document.visibilityState === "visible"));
const listeners = [
  [document, "input", onField],
  [document, "change", onField],
  [document, "scroll", onScroll],
  [window, "resize", onResize],
  [document, "pointermove", onPointer],
  [document, "pointerdown", onPointer],
  [document, "visibilitychange", onFront],
  [window, "focus", onFront],
  [window, "pagehide", () => ws?.close()],
  [window, "pageshow", (event) => event.persisted && connect()],
];
const listen = (how) => {
  for (const [target, type, listener] of listeners) target[how](type, listener, { capture: true, passive: true });
};

// ---- the socket

const state = (now) => on({ type: "state", state: now });
export const tooLarge = () => state("stopped");
const share = (yes) => {
  on({ type: "sharing", on: yes });
  if (yes) begin();
  else pause();
  state(yes ? "live" : "stopped");
};
// What agents show and do is another module's (widget/hand), fetched when it is first wanted. No bytes: it is over.
let hand;
const handOn = (bytes) => hand?.then((it) => it.take(bytes), () => {});
const lead = (bytes) => {
  hand ??= import("../../hand.js").then((module) =>
    module.default().then(() =>
      module.start({
        of: nodeOf,
        mask: (node) => fieldFlags(node) | strict,
        at: () => core.position(),
        say: (message) => live && ws.send(message),
      }),
    ),
  );
  handOn(bytes);
};
const receive = (message) => {
  if (!message) return ws.close(4501);
  const [kind, a, b, c, d] = message;
  if (kind === 1) {
    live = true;
    failed = 0;
    if (c === 2) core.unmask();
    readRules(c, d);
    heartbeat = a;
    listenOn();
    onFront();
    share(b);
  } else if (kind === 3 && recording) begin();
  else if (kind === 4) share(a);
  else if (kind === 7) lead(a);
  else if (kind === 5) on({ type: "viewers", names: a });
  else if (kind === 6 && /^https?:/.test(absolute(a, location.href)))
    on({ type: "navigate", url: absolute(a, location.href), by: b });
};
// A message was heard: after a while without another one the server is asked, and then given up. Timers that
// a message sets are not slowed down in hidden pages, chains of timers are.
const listenOn = () => {
  clearTimeout(beat);
  beat = setTimeout(() => {
    ws.send(core.ping());
    beat = setTimeout(() => ws.close(), heartbeat);
  }, heartbeat * 0.75);
};
const connect = () => {
  if (stopped) return;
  clearTimeout(retry);
  state("connecting");
  const mine = new WebSocket(config.socket);
  ws = mine;
  mine.binaryType = "arraybuffer";
  mine.onopen = () => mine.send(core.hello(config.token, config.tab, document_));
  mine.onmessage = ({ data }) => {
    if (live) listenOn();
    if (mine === ws) receive(core.receive(new Uint8Array(data)));
  };
  mine.onclose = ({ code }) => {
    if (mine !== ws) return;
    live = false;
    clearTimeout(beat);
    pause();
    if (stopped) return;
    if (!core.comesBack(code)) {
      stop();
      return state("lost");
    }
    state("connecting");
    retry = setTimeout(connect, Math.min(SLOWEST_RETRY_MS, 500 * 2 ** failed++) * (0.5 + Math.random() / 2));
  };
};
const stop = () => {
  stopped = true;
  live = false;
  pause();
  handOn([]);
  listen("removeEventListener");
  clearInterval(looking);
  clearTimeout(beat);
  clearTimeout(retry);
  ws?.close();
};
// One document is published by one run at a time.
export function run(core_, config_, on_) {
  if (core && !stopped) stop();
  recordFor(core_);
  config = config_;
  on = on_;
  document_ = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
  stopped = live = false;
  failed = 0;
  forgetNames();
  listen("addEventListener");
  looking = setInterval(() => flush(true), LOOK_MS);
  connect();
  return { stop };
}
