//! What a person hears: the share of each tone in the sound that reaches their page.
use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::Person;

/// Sound of one page over a while.
#[derive(Debug, Clone, Deserialize)]
pub struct Heard {
    /// Blocks of 40 ms that were loud enough to judge.
    pub loud: u32,
    pub blocks: u32,
    /// For each tone that was asked for: its mean share of the power of the loud blocks, 0 to 1.
    pub shares: Vec<f64>,
    /// Level of the loudest block, in dBFS.
    pub peak_dbfs: f64,
}

/// A block counts as loud from here on, in dBFS.
const LOUD_DBFS: f64 = -45.0;
/// A burst's tone must hold this share of the power while it sounds.
const CLEAR_SHARE: f64 = 0.5;
/// A tone that is not said may seem to hold at most this share.
const STRANGE_SHARE: f64 = 0.1;
/// How many loud blocks make a verdict: over half a second of sound.
const ENOUGH_BLOCKS: u32 = 15;
/// Blocks that are listened to at most: eight seconds.
const MOST_BLOCKS: u32 = 200;

/// Reads the remote track's samples as the browser decodes them. No AudioContext: that would want a gesture.
const LISTEN: &str = r"async ({ tones, loudDbfs, enough, most }) => {
  const find = (root) => {
    const here = [...root.querySelectorAll('audio[data-ringside-leg]')].find(a => a.srcObject?.getAudioTracks().length);
    if (here) return here;
    for (const element of root.querySelectorAll('*')) {
      const found = element.shadowRoot && find(element.shadowRoot);
      if (found) return found;
    }
    return null;
  };
  const audio = find(document);
  if (!audio) throw new Error('no leg plays in this page');
  const track = audio.srcObject.getAudioTracks()[0];
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  let pending = [], rate = 48000, blocks = 0, loud = 0, peak = 0;
  const shares = tones.map(() => 0);
  while (loud < enough && blocks < most) {
    const { value, done } = await reader.read();
    if (done) break;
    rate = value.sampleRate;
    const samples = new Float32Array(value.numberOfFrames);
    value.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
    value.close();
    pending.push(...samples);
    const size = rate / 25;
    if (pending.length < size) continue;
    const block = pending.slice(0, size);
    pending = pending.slice(size);
    blocks++;
    const power = block.reduce((sum, x) => sum + x * x, 0) / size;
    peak = Math.max(peak, power);
    if (10 * Math.log10(power + 1e-12) < loudDbfs) continue;
    loud++;
    tones.forEach((hertz, i) => {
      const c = 2 * Math.cos(2 * Math.PI * hertz / rate);
      let s1 = 0, s2 = 0;
      for (const x of block) { const s = x + c * s1 - s2; s2 = s1; s1 = s; }
      const tone = 2 * (s1 * s1 + s2 * s2 - c * s1 * s2) / (size * size);
      shares[i] += tone / power;
    });
  }
  reader.cancel();
  return { loud, blocks, shares: shares.map(s => loud ? s / loud : 0), peak_dbfs: 10 * Math.log10(peak + 1e-12) };
}";

#[derive(serde::Serialize)]
struct Ask<'a> {
    tones: &'a [u32],
    #[serde(rename = "loudDbfs")]
    loud_dbfs: f64,
    enough: u32,
    most: u32,
}

/// Waits until a leg plays in the page, and says which: a leg that went over to another page keeps its id.
pub async fn plays(person: &Person) -> Result<String> {
    let found = person.page.wait_for_function(PLAYING, None).await;
    let found = found.with_context(|| format!("no leg plays at the {}'s", person.name))?;
    Ok(serde_json::from_value(found.json_value().await?)?)
}

/// The id of the leg that sounds; an element that the browser holds back counts for nothing.
const PLAYING: &str = r"() => {
  const find = (root) => {
    const here = [...root.querySelectorAll('audio[data-ringside-leg]')]
      .find(a => a.srcObject?.getAudioTracks().length && !a.paused && a.currentTime > 0);
    if (here) return here.dataset.ringsideLeg;
    for (const element of root.querySelectorAll('*')) {
      const found = element.shadowRoot && find(element.shadowRoot);
      if (found) return found;
    }
    return null;
  };
  return find(document);
}";

/// Listens until there was enough sound to judge.
pub async fn listen(person: &Person, tones: &[u32]) -> Result<Heard> {
    let ask = Ask { tones, loud_dbfs: LOUD_DBFS, enough: ENOUGH_BLOCKS, most: MOST_BLOCKS };
    person.page.evaluate(LISTEN, Some(&ask)).await.with_context(|| format!("{} listens", person.name))
}

/// The person hears `tone`, and none of `others`.
pub async fn hears(person: &Person, tone: u32, others: &[u32]) -> Result<Heard> {
    let tones: Vec<u32> = std::iter::once(tone).chain(others.iter().copied()).collect();
    let heard = listen(person, &tones).await?;
    ensure!(heard.loud >= ENOUGH_BLOCKS, "{} hears nothing to speak of: {heard:?}", person.name);
    ensure!(heard.shares[0] >= CLEAR_SHARE, "{} does not recognise {tone} Hz: {heard:?}", person.name);
    let strange = heard.shares[1..].iter().all(|share| *share <= STRANGE_SHARE);
    ensure!(strange, "{} hears one of {others:?} Hz, which nobody says to them: {heard:?}", person.name);
    Ok(heard)
}
