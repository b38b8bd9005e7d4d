// The two recorders, and none, behind one interface. Both send over a WebSocket what they have compressed.
"use strict";
// Milliseconds without a message after which all was sent.
const QUIET_MS = 250;
// Bytes: rrweb's events are compressed from here on, as our frames are.
const COMPRESS_FROM = 512;
const counts = { messages: 0, bytes: 0, at: 0 };
const greeted = new WeakSet();
const plainSend = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  // The first message of a connection is its hello.
  if (greeted.has(this)) {
    counts.messages++;
    counts.bytes += data.byteLength ?? data.length;
    counts.at = performance.now();
  }
  greeted.add(this);
  plainSend.call(this, data);
};
const script = (src) =>
  new Promise((done, failed) => {
    const node = document.createElement("script");
    node.onload = () => done(node.remove());
    node.onerror = failed;
    node.src = src;
    document.head.append(node);
  });
const packed = (text) =>
  new Response(new Response(text).body.pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
const unpacked = (bytes) =>
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
const opened = (address) =>
  new Promise((done, failed) => {
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => done(socket);
    socket.onerror = failed;
  });

let recorder, socket;
const SIDES = {
  none: { load() {}, start() {} },
  ours: {
    async load() {
      recorder = await import("/app/recorder.js");
      await recorder.default({ module_or_path: "/app/recorder_bg.wasm" });
    },
    // `to`: a socket's address, a contact token, a tab's id.
    start(to) {
      recorder.start(to, () => {});
    },
  },
  rrweb: {
    async load(to) {
      await script("/rrweb/record.js");
      socket = await opened(to.socket);
      socket.send("hello");
    },
    start() {
      let chain = Promise.resolve(),
        waiting = 0;
      const emit = (event) => {
        const json = JSON.stringify(event);
        const zipped = json.length >= COMPRESS_FROM && packed(json);
        if (!zipped && !waiting) return socket.send(json);
        waiting++;
        chain = chain.then(async () => {
          socket.send(zipped ? await zipped : json);
          waiting--;
        });
      };
      rrwebRecord.record({ emit });
    },
  },
};

let side, to, writer, marked, bursts = 0;
const bench = {
  fill: (nodes, seed) => fillPage(nodes, seed),
  // Tells this page from the ones before. Of fewer digits than a payment card's number, which would be masked.
  serial() {
    const serial = Math.floor(Math.random() * 2 ** 36);
    document.getElementById("beat").title = serial;
    return serial;
  },
  async load(name, where) {
    side = SIDES[name];
    to = where;
    await side.load(to);
    bench.mark();
  },
  mark() {
    Object.assign(counts, { messages: 0, bytes: 0, at: performance.now() });
    marked = counts.at;
  },
  // What was sent since the mark, once nothing more comes.
  sent(least) {
    return new Promise((done) => {
      const look = () => {
        if (counts.messages >= least && performance.now() - counts.at > QUIET_MS) {
          done({ messages: counts.messages, bytes: counts.bytes, ms: counts.at - marked });
        } else setTimeout(look, 25);
      };
      look();
    });
  },
  // The recording begins: it sends the whole page.
  async start() {
    bench.mark();
    side.start(to);
    // Ours says first that the page is in front; rrweb sends what the page is called, and then the page.
    return bench.sent(side === SIDES.none ? 0 : 2);
  },
  prepare(name, seed) {
    writer = new Writer(seed);
    WORKLOADS[name].prepare?.(document.getElementById("work"), writer);
  },
  async run(name) {
    bench.mark();
    WORKLOADS[name].run(document.getElementById("work"), writer);
    return bench.sent(side === SIDES.none ? 0 : 1);
  },
  // Changes as fast as the page can: what is added goes again.
  async churn(count, seed = count) {
    const writer = new Writer(seed + bursts++),
      work = document.getElementById("work"),
      beat = document.getElementById("beat");
    for (let n = 0; n < count; n++) {
      work.append(item(writer));
      if (work.childNodes.length > 200) work.firstChild.remove();
      writer.pick(work.children).className = `item is-${writer.word()}`;
      beat.firstChild.data = Number(beat.firstChild.data) + 1;
      if (n % 20 === 0) await new Promise((done) => setTimeout(done));
    }
    return Number(beat.firstChild.data);
  },
  // Small changes one after the other, each in a task of its own; says when, by this page's clock.
  async beats(count, pauseMs, seed) {
    const writer = new Writer(seed),
      work = document.getElementById("work"),
      beat = document.getElementById("beat"),
      times = [];
    for (let n = 1; n <= count; n++) {
      await new Promise((done) => setTimeout(done, pauseMs * (0.5 + writer.random())));
      const row = item(writer);
      times.push(performance.now());
      if (n % 3 === 0) beat.textContent = n;
      else beat.firstChild.data = n;
      if (n % 3 === 1) work.append(row);
      if (n % 3 === 2) beat.className = `beat beat--${n % 7}`;
    }
    return times;
  },
};

// ---- for viewers

// The viewer's side of `beats`: when each was in the document, and when it was painted.
const watchBeats = (page) => {
  globalThis.seen = [];
  globalThis.painted = [];
  const look = () => {
    const now = performance.now(),
      n = Number(page.getElementById("beat")?.textContent);
    if (!n || seen[n]) return;
    seen[n] = now;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port2.onmessage = () => (painted[n] = performance.now());
      port1.postMessage(0);
    });
  };
  new MutationObserver(look).observe(page, { subtree: true, childList: true, characterData: true });
  return true;
};

// ---- for rrweb

// A viewer of rrweb's own: live, over the relay.
const watchRrweb = async (address) => {
  await script("/rrweb/replay.js");
  const replayer = (globalThis.replayer = new rrwebReplay.Replayer([], { liveMode: true }));
  const ws = await opened(address);
  let chain = Promise.resolve();
  return new Promise((ready) => {
    let started = false;
    ws.onmessage = ({ data }) => {
      chain = chain.then(async () => {
        if (data.byteLength === 0) return ready(true);
        const event = JSON.parse(typeof data === "string" ? data : await unpacked(data));
        if (!started) replayer.startLive(event.timestamp);
        started = true;
        replayer.addEvent(event);
      });
    };
  });
};
