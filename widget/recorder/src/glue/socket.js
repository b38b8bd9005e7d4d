// Holds the socket, and sends what was gathered as fast as the network takes it.
import { known, nodeOf } from "./batch.js";
import { cancel, clock, later } from "./dom.js";
import { FRAME_MS, WAIT_MS, again, begin, beginAfter, core, pause, recording } from "./flush.js";
import { retake, watched } from "./nodes.js";
import { fieldFlags, isAstray, ruling, strict } from "./rules.js";
import { leave, onAttention } from "./run.js";
import { roots } from "./sheets.js";

// Milliseconds, the longest between attempts to connect.
const SLOWEST_RETRY_MS = 15000,
  // After so many failed attempts the server has forgotten the page.
  KEPT_ATTEMPTS = 5;
// Bytes: a smaller body is not worth compressing; above, the network does not keep up; below, it does again.
const COMPRESS_FROM = 512,
  CONGESTED = 1 << 20,
  CLEARED = 1 << 16;

let config, on, documentId, ws, live, stopped, beat, retry, heartbeat, frameTimer,
  failed = 0,
  lastFrame = 0,
  compressing = 0,
  chain = Promise.resolve();

export const isBusy = () => ws.bufferedAmount > CLEARED;
export const soon = () => {
  if (frameTimer) return;
  const wait = lastFrame + FRAME_MS - clock();
  if (wait > 0) frameTimer = later(sendFrame, wait);
  else sendFrame();
};
const sendFrame = () => {
  frameTimer = 0;
  if (!recording || !live) return;
  if (ws.bufferedAmount > CONGESTED) {
    // What is on its way arrives, and then a keyframe.
    pause();
    return beginAfter(WAIT_MS);
  }
  const body = !isAstray() && core.take();
  if (!body) return;
  lastFrame = clock();
  const place = core.place();
  const transmit = (bytes, deflated) => recording && send(core.frame(place, bytes, deflated));
  const zipped =
    body.length >= COMPRESS_FROM &&
    self.CompressionStream &&
    new Response(new Response(body).body.pipeThrough(new CompressionStream("deflate-raw"))).arrayBuffer();
  // What was taken first is sent first.
  if (!zipped && !compressing) return transmit(body);
  compressing++;
  chain = chain.then(async () => {
    try {
      transmit(zipped ? new Uint8Array(await zipped) : body, !!zipped);
    } finally {
      compressing--;
    }
  });
};
// Nothing is kept for a socket that is not there; an empty message is none.
export const send = (bytes) => live && bytes.length && ws.send(bytes);
export const sendPointer = (event) => recording && !ws.bufferedAmount && send(core.pointer(event));

export const tell = (type, more) => on({ type, ...more });
export const state = (now) => tell("state", { state: now });
const share = (yes) => {
  tell("sharing", { on: yes });
  if (!yes) pause();
  // What the server has of the page is gone on from: a patch shows whether it has all, or it asks for a keyframe.
  else if (recording) onAttention(new Event("resize"));
  else begin();
  state(yes ? "live" : "stopped");
};
export const onFront = () => send(core.inFront(!document.hidden));
// What is seldom wanted are modules of their own, fetched when they first are; and what they are lent.
const reach = {
  of: nodeOf,
  mask: (node) => fieldFlags(node) | strict | isAstray(),
  rules: () => ruling,
  at: () => core.position(),
  say: send,
  id: known,
  watched,
  roots,
  retake,
  config: () => [config, core],
  add: (bytes, field) => {
    if (recording) {
      core.add(bytes, field);
      soon();
    }
  },
};
const load = (name) => import(`../../${name}.js`).then((module) => module.default().then(() => module.start(reach)));
// What agents show and do (widget/hand). No bytes: it is over.
export let hand;
let sight;
const handOn = (bytes) => hand?.then((it) => it.take(bytes), () => {});
export const lead = (bytes) => {
  hand ??= load("hand");
  handOn(bytes);
};
// Pictures that only this browser has, carets, what happens in frames (widget/sight).
export const lookCloser = () => {
  sight ??= load("sight");
  sight.then((it) => it.look(), () => {});
};
const receive = (message) => {
  if (!message) return ws.close(4501);
  const [kind, a, b] = message;
  if (kind === 1) {
    live = true;
    failed = 0;
    heartbeat = a;
    listenOn();
    onFront();
    share(b);
  } else if (kind === 3) again();
  else if (kind === 4) share(a);
  else if (kind === 7) lead(a);
  else if (kind === 5) tell("viewers", { names: a });
  else if (kind === 6) tell("navigate", { url: a, by: b });
};
// A message was heard: after a while without another one the server is asked, and then given up. Timers that
// a message sets are not slowed down in hidden pages, chains of timers are.
const listenOn = () => {
  cancel(beat);
  beat = later(() => {
    send(core.ping());
    beat = later(() => ws.close(), heartbeat);
  }, heartbeat * 0.75);
};
export const connect = () => {
  if (stopped) return;
  cancel(retry);
  state("connecting");
  const mine = (ws = config.port || new WebSocket(config.socket));
  mine.binaryType = "arraybuffer";
  mine.onopen = () => mine.send(core.hello(config.token, config.tab, documentId));
  mine.onmessage = ({ data }) => {
    if (live) listenOn();
    if (mine === ws) receive(core.receive(new Uint8Array(data)));
  };
  mine.onclose = ({ code }) => {
    if (mine !== ws) return;
    live = false;
    cancel(beat);
    if (stopped) return;
    if (failed > KEPT_ATTEMPTS) pause();
    if (!core.comesBack(code)) {
      stop();
      return state("lost");
    }
    state("connecting");
    retry = later(connect, Math.min(SLOWEST_RETRY_MS, 500 * 2 ** failed++) * (0.5 + Math.random() / 2));
  };
};
export const disconnect = () => ws.close();
export const start = (config_, on_) => {
  config = config_;
  on = on_;
  documentId = crypto.getRandomValues(new Uint8Array(16));
  stopped = live = false;
  failed = 0;
  connect();
};
export const stop = () => {
  stopped = true;
  live = false;
  leave();
  handOn([]);
  cancel(beat);
  cancel(retry);
  ws.close();
};
