// How times, sizes, events and states are said in Vietnamese.

const DAYS = ["Chủ nhật", "Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy"];
const HANOI_MS = 7 * 3600 * 1000; // UTC+7 the whole year

const two = (number) => String(number).padStart(2, "0");
const local = (ms) => new Date(ms + HANOI_MS); // read with getUTC…

export const time = (ms) => `${two(local(ms).getUTCHours())}:${two(local(ms).getUTCMinutes())}`;

export const seconds = (ms) => `${time(ms)}:${two(local(ms).getUTCSeconds())}`;

export function date(ms) {
  const day = local(ms);
  return `${DAYS[day.getUTCDay()]}, ${two(day.getUTCDate())}/${two(day.getUTCMonth() + 1)}/${day.getUTCFullYear()}`;
}

/** "2026-11-24T08:00": what a datetime-local field holds. */
export const fieldTime = (ms) => local(ms).toISOString().slice(0, 16);

/** 8:00 of the day after, in Vietnam. */
export function tomorrowMorning(ms) {
  const day = local(ms + 24 * 3600 * 1000).toISOString().slice(0, 10);
  return `${day}T08:00:00+07:00`;
}

export function span(totalSeconds) {
  const minutes = Math.round(Math.abs(totalSeconds) / 60);
  const parts = [
    [Math.floor(minutes / 1440), "ngày"],
    [Math.floor(minutes / 60) % 24, "giờ"],
    [minutes % 60, "phút"],
  ];
  return parts.filter(([count]) => count).slice(0, 2).map(([count, unit]) => `${count} ${unit}`).join(" ") || "chưa tới 1 phút";
}

export function fileSize(bytes) {
  const size = Number(bytes);
  if (!Number.isFinite(size) || size <= 0) return "";
  if (size < 1024) return `${size} byte`;
  if (size < 1024 * 1024) return `${Math.round(size / 1024)} KB`;
  return `${(size / 1024 / 1024).toFixed(1).replace(".", ",")} MB`;
}

export const STATES = { sent: "Đã gửi", received: "Đã nhận", seen: "Đã xem" };

export const WINDOWS = {
  free: ["Miễn phí", "Trong 48 giờ từ lần nhắn gần nhất: đơn vị trả lời miễn phí"],
  paid: ["Trả phí", "Từ 48 giờ tới 7 ngày: đơn vị nhắn sẽ bị tính phí"],
  closed: ["Đã đóng", "Quá 7 ngày không nhắn: đơn vị không nhắn được nữa"],
  never: ["Chưa nhắn", "Người này chưa nhắn cho đơn vị lần nào"],
};

export const KINDS = { government: "Cơ quan nhà nước", business: "Doanh nghiệp" };

export const ROLES = { official: "Cán bộ", leader: "Lãnh đạo", supervisor: "Giám sát", administrator: "Quản trị" };

const FAULTS = {
  http_500: "HTTP 500", latency: "chậm", hang: "treo", hang_after_delivery: "treo sau khi giao",
  cut: "đứt kết nối", cut_after_delivery: "đứt sau khi giao", broken_json: "JSON hỏng",
  rate_limit: "quá nhịp", error: "mã lỗi", error_but_delivered: "báo lỗi nhưng đã giao",
};

export const fault = (kind) => FAULTS[kind] ?? kind;

const EVENTS = {
  follow: "Bạn đã quan tâm tài khoản này",
  unfollow: "Bạn đã bỏ quan tâm tài khoản này",
  chatnow: "Bạn đã bấm nút Nhắn tin",
  submit_info: "Bạn đã chia sẻ thông tin",
  withdraw: "Bạn đã yêu cầu xoá dữ liệu của mình",
};

export const event = (bubble) => EVENTS[bubble.event] ?? (bubble.text || `Sự kiện: ${bubble.event}`);

export const REACTIONS = {
  "/-heart": ["❤️", "Yêu thích"],
  "/-strong": ["👍", "Đồng ý"],
  ":>": ["😄", "Vui"],
  ":o": ["😮", "Ngạc nhiên"],
  ":-((": ["😭", "Buồn"],
  ":-h": ["😡", "Giận"],
};
const OTHER_REACTIONS = { "--b": "🙏" };

export const reaction = (code) => REACTIONS[code]?.[0] ?? OTHER_REACTIONS[code] ?? code;

const KIND_WORDS = {
  image: "[Ảnh]", gif: "[Ảnh động]", sticker: "[Hình dán]", file: "[Tệp]", audio: "[Ghi âm]",
  video: "[Video]", location: "[Vị trí]", link: "[Liên kết]", business_card: "[Danh thiếp]",
  list: "[Danh sách]", request_user_info: "[Xin thông tin]", template: "[Thông báo]", article: "[Bài viết]",
};

/** One line for a quote or a preview. */
export const brief = (bubble) => bubble.text || KIND_WORDS[bubble.kind] || "[Tin nhắn]";
