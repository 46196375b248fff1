/**
 * Names of colours and things in other languages than the server's. English is the key; what is not here stays English.
 * A name that people type is looked up the other way round.
 */
export default {
  de: {
    red: "Rot", orange: "Orange", yellow: "Gelb", green: "Grün", blue: "Blau", purple: "Lila", violet: "Violett", pink: "Rosa", brown: "Braun",
    grey: "Grau", gray: "Grau", black: "Schwarz", white: "Weiß", navy: "Marineblau", olive: "Oliv", burgundy: "Burgunder", teal: "Petrol", maroon: "Kastanie",
    turquoise: "Türkis", beige: "Beige", tan: "Hellbraun", khaki: "Khaki", gold: "Gold", silver: "Silber", salmon: "Lachs", peach: "Pfirsich",
    lavender: "Lavendel", lilac: "Flieder", mauve: "Malve", rust: "Rost", mustard: "Senf", ochre: "Ocker", sand: "Sand", taupe: "Taupe", rose: "Rosé",
    crimson: "Karmin", coral: "Koralle", charcoal: "Anthrazit", slate: "Schiefer", chocolate: "Schokolade", ivory: "Elfenbein", mint: "Minze",
    "light blue": "Hellblau", "dark blue": "Dunkelblau", "light green": "Hellgrün", "dark green": "Dunkelgrün", "light brown": "Helles Braun", "dark brown": "Dunkelbraun",
    "light grey": "Hellgrau", "dark grey": "Dunkelgrau", "dark red": "Dunkelrot", "light pink": "Hellrosa", "sky blue": "Himmelblau", "grey blue": "Graublau",
    "blue grey": "Blaugrau", "grey green": "Graugrün", "grey brown": "Graubraun", "royal blue": "Königsblau", "forest green": "Waldgrün", "off white": "Altweiß",
    "fair skin": "Helle Haut", "light skin": "Lichte Haut", "medium skin": "Mittlere Haut", "tan skin": "Gebräunte Haut", "olive skin": "Olivfarbene Haut",
    "brown skin": "Braune Haut", "dark skin": "Dunkle Haut", blonde: "Blond", brunette: "Brünett", auburn: "Kastanienbraunes Haar", "black hair": "Schwarzes Haar",
    "brown hair": "Braunes Haar", "red hair": "Rotes Haar", "grey hair": "Graues Haar", "white hair": "Weißes Haar", denim: "Jeansblau", "khaki drab": "Khakigrau",
    "field grey": "Feldgrau", "navy uniform": "Marineuniform", brick: "Ziegel", stone: "Stein", straw: "Stroh", cream: "Creme",
  },
};

/** Words before a colour's name, in the form that they have there. */
export const SHADES = {
  de: {
    light: "helles", dark: "dunkles", pale: "blasses", bright: "leuchtendes", deep: "tiefes", dull: "mattes", faded: "verblasstes", dusty: "staubiges",
    muted: "gedämpftes", soft: "sanftes", medium: "mittleres", warm: "warmes", cool: "kühles", pinkish: "rosiges", reddish: "rötliches", brownish: "bräunliches",
    greyish: "gräuliches", greenish: "grünliches", bluish: "bläuliches", bluey: "bläuliches", purplish: "violettes", yellowish: "gelbliches", orangish: "oranges",
  },
};

/** The words that the page offers where a name is typed. */
export const OFFERED = [
  "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "grey", "black", "white", "navy", "olive", "burgundy", "teal", "beige",
  "fair skin", "light skin", "medium skin", "tan skin", "olive skin", "brown skin", "dark skin", "blonde", "brunette", "auburn", "black hair", "brown hair",
  "red hair", "grey hair", "white hair", "denim", "khaki drab", "field grey", "navy uniform", "brick", "stone", "straw", "cream",
];
