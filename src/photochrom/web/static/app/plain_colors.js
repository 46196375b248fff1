/** Plain words for colours, as photochrom's own list of names has them: what the page calls a colour that nobody named. */
export const PLAIN = {
  black: "#000000", "dark grey": "#363737", grey: "#929591", "light grey": "#d8dcd6",
  white: "#ffffff", "off white": "#ffffe4", "very dark brown": "#1d0200", "dark brown": "#341c02", "medium brown": "#7f5112",
  "light brown": "#ad8150", "grey brown": "#7f7053", "brown grey": "#8d8468", beige: "#e6daa6", "dark beige": "#ac9362",
  tan: "#d1b26f", "dark red": "#840000", red: "#e50000", "light red": "#ff474c", "brown red": "#922b05", burgundy: "#610023",
  "dark pink": "#cb416b", pink: "#ff81c0", "light pink": "#ffd1df", "dusty pink": "#d58a94", rust: "#a83c09",
  "dark orange": "#c65102", orange: "#f97306", "light orange": "#fdaa48", copper: "#b66325", peach: "#ffb07c",
  "dark yellow": "#d5b60a", yellow: "#ffff14", "light yellow": "#fffe7a", gold: "#dbb40c", mustard: "#ceb301", khaki: "#aaa662",
  "dark olive": "#373e02", olive: "#6e750e", "light olive": "#acbf69", "olive green": "#677a04", "dark olive green": "#3c4d03",
  "dark forest green": "#002d04", "dark green": "#033500", green: "#15b01a", "light green": "#96f97b", "grey green": "#789b73",
  sage: "#87ae73", "dark sage": "#598556", pine: "#2b5d34", "dark teal": "#014d4e", teal: "#029386", "light teal": "#90e4c1",
  "pale teal": "#82cbb2", turquoise: "#06c2ac", navy: "#01153e", "dark blue": "#00035b", blue: "#0343df",
  "light blue": "#95d0fc", "grey blue": "#6b8ba4", "dark grey blue": "#29465b", "blue grey": "#607c8e", "sky blue": "#75bbfd",
  slate: "#516572", "light navy": "#155084", "dark purple": "#35063e", purple: "#7e1e9c", "light purple": "#bf77f6",
  violet: "#9a0eea", "dark violet": "#34013f", mauve: "#ae7181", "dark mauve": "#874c62", "dark lavender": "#856798",
  lavender: "#c79fef", "purple grey": "#866f85", magenta: "#c20078", "dark magenta": "#960056",
};
