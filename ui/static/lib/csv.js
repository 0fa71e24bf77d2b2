// A table as text that spreadsheets read: comma, point, one head line (RFC 4180). Pure.

/** @typedef {{ columns: string[], rows: (string|number)[][] }} Table */

/** A number keeps all its digits; text with a comma or quote is quoted. @param {string|number} cell */
function cellOf(cell) {
  if (typeof cell === "number") return Number.isFinite(cell) ? String(cell) : cell > 0 ? "inf" : cell < 0 ? "-inf" : "";
  // A spreadsheet takes a leading sign for a formula: names of plugins are text.
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {Table} table */
export const csv = ({ columns, rows }) => [columns, ...rows].map((row) => row.map(cellOf).join(",")).join("\r\n") + "\r\n";
