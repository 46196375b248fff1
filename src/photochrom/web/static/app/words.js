/** People's words for what is in old photographs, in the groups in which the page shows them beside the likely colours. */
export const WORDS = {
  skin: [
    "monk-1", "fair skin", "light skin", "monk-4", "medium skin", "tan skin", "brown skin", "monk-8", "dark skin", "monk-10", "olive skin",
  ],
  hair: ["blonde", "brunette", "auburn", "red hair", "brown hair", "black hair", "grey hair", "white hair"],
  cloth: ["denim", "navy uniform", "khaki drab", "field grey", "cream", "navy", "burgundy", "brown", "beige", "black", "white"],
  things: ["brick", "stone", "straw", "sand", "rust", "mahogany", "grass", "leaf", "sky", "sea"],
};

/** The words that the page offers where a name is typed. */
export const OFFERED = [...new Set([
  "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "grey", "black", "white", "navy", "olive", "burgundy", "teal", "beige",
  ...Object.values(WORDS).flat(),
])];
