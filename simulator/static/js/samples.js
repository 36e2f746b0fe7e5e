// Sample media made on the spot, so that nobody has to look for a file to try sending one.

function canvasBlob(paint, width = 960, height = 720) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  paint(canvas.getContext("2d"), width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
}

function lines(context, rows, x, y, size, color) {
  context.fillStyle = color;
  context.font = `${size}px system-ui, sans-serif`;
  rows.forEach((row, index) => context.fillText(row, x, y + index * size * 1.6));
}

/** A loudspeaker on its pole before the fields: proof of a broadcast. */
function paintLoudspeaker(context, width, height) {
  const sky = context.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, "#7cc4ff");
  sky.addColorStop(1, "#e8f6ff");
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  context.fillStyle = "#5fae57";
  context.fillRect(0, height * 0.72, width, height * 0.28);
  context.fillStyle = "#6c6f75";
  context.fillRect(width * 0.48, height * 0.2, width * 0.03, height * 0.6);
  for (const side of [-1, 1]) {
    context.beginPath();
    context.moveTo(width * 0.495, height * 0.26);
    context.lineTo(width * (0.495 + side * 0.2), height * 0.16);
    context.lineTo(width * (0.495 + side * 0.2), height * 0.42);
    context.lineTo(width * 0.495, height * 0.32);
    context.fillStyle = "#d8dce2";
    context.fill();
  }
  lines(context, ["Loa truyền thanh thôn 3"], 40, height - 60, 40, "#ffffff");
}

/** The screen of a commune's web page. */
function paintWebPage(context, width, height) {
  context.fillStyle = "#f4f6fa";
  context.fillRect(0, 0, width, height);
  context.fillStyle = "#b3261e";
  context.fillRect(0, 0, width, 110);
  lines(context, ["TRANG THÔNG TIN ĐIỆN TỬ XÃ"], 40, 70, 40, "#ffffff");
  context.fillStyle = "#ffffff";
  context.fillRect(40, 150, width - 80, height - 200);
  lines(context, ["Hướng dẫn nộp hồ sơ trực tuyến", "tại nhà cho bà con"], 80, 230, 44, "#1a2b4a");
  lines(context, ["Bà con đăng nhập bằng VNeID,", "chọn thủ tục rồi làm theo từng bước.", "Tổ công nghệ số cộng đồng sẵn sàng giúp."], 80, 400, 30, "#444c5a");
}

/** Two soft notes as a WAV file: stands for a voice message. */
function voiceBlob() {
  const rate = 16000;
  const samples = new Int16Array(rate * 1.5);
  samples.forEach((_, index) => {
    const second = index / rate;
    const pitch = second < 0.75 ? 440 : 554;
    const fade = Math.min(1, (second % 0.75) * 20) * Math.max(0, 1 - (second % 0.75) / 0.75);
    samples[index] = Math.round(Math.sin(2 * Math.PI * pitch * second) * fade * 9000);
  });
  const head = new DataView(new ArrayBuffer(44));
  const tag = (at, text) => [...text].forEach((letter, index) => head.setUint8(at + index, letter.charCodeAt(0)));
  tag(0, "RIFF");
  head.setUint32(4, 36 + samples.byteLength, true);
  tag(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true); // PCM
  head.setUint16(22, 1, true); // one channel
  head.setUint32(24, rate, true);
  head.setUint32(28, rate * 2, true);
  head.setUint16(32, 2, true);
  head.setUint16(34, 16, true);
  tag(36, "data");
  head.setUint32(40, samples.byteLength, true);
  return new Blob([head, samples], { type: "audio/wav" });
}

/** The smallest PDF a viewer opens: one empty A4 page. */
function pdfBlob() {
  const objects = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"];
  let text = "%PDF-1.4\n";
  const starts = objects.map((body, index) => {
    const at = text.length;
    text += `${index + 1} 0 obj${body}endobj\n`;
    return String(at).padStart(10, "0");
  });
  const table = `xref\n0 4\n0000000000 65535 f \n${starts.map((at) => `${at} 00000 n \n`).join("")}`;
  return new Blob([`${text}${table}trailer<</Size 4/Root 1 0 R>>\nstartxref\n${text.length}\n%%EOF\n`], { type: "application/pdf" });
}

export const SAMPLES = [
  { title: "Ảnh mẫu: loa", icon: "image", kind: "image", name: "loa-truyen-thanh.jpg", make: () => canvasBlob(paintLoudspeaker) },
  { title: "Ảnh mẫu: trang tin", icon: "image", kind: "image", name: "bai-dang.jpg", make: () => canvasBlob(paintWebPage, 720, 960) },
  { title: "Ghi âm mẫu", icon: "voice", kind: "audio", name: "ghi-am.wav", make: voiceBlob },
  { title: "Tệp PDF mẫu", icon: "file", kind: "file", name: "bien-ban.pdf", make: pdfBlob },
];
