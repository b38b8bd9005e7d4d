// How many pixels of two pictures differ visibly, beside those that lie in boxes (left, top, width and height). Compared is
// what begins at the corner and is of this size, in CSS pixels; the first picture shows no more than that. Runs in an empty
// page.
async ([pictures, boxes, [width, height]]) => {
  const images = await Promise.all(
    pictures.map((text) => createImageBitmap(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], { type: "image/png" }))),
  );
  const scale = images[0].width / width;
  const [one, other] = images.map((image) => {
    const context = new OffscreenCanvas(width * scale, height * scale).getContext("2d");
    context.drawImage(image, 0, 0);
    context.scale(scale, scale);
    for (const [left, top, across, down] of boxes) context.fillRect(Math.floor(left), Math.floor(top), Math.ceil(across) + 1, Math.ceil(down) + 1);
    return context.getImageData(0, 0, width * scale, height * scale);
  });
  let differing = 0;
  for (let at = 0; at < one.data.length; at += 4) {
    const apart = [0, 1, 2].map((part) => Math.abs(one.data[at + part] - other.data[at + part]));
    if (Math.max(...apart) > 12) differing++;
  }
  return differing;
}
