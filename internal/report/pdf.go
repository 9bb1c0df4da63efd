// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"
)

// Fonts have their letters in one of these two kinds of file, by the first four bytes.
const (
	trueType = 0x00010000
	appleTTF = 0x74727565 // "true"
	maxFont  = 64 << 20
)

// errNoFont says that the text cannot be shown with what is there.
var errNoFont = errors.New("there is no font with these letters: give the center a TrueType font with Chinese (-font), " +
	"on Debian DroidSansFallbackFull.ttf of fonts-droid-fallback; the HTML file is complete")

// checkFont refuses what is not a TrueType font, before a report needs it.
func checkFont(font []byte) error {
	if len(font) < 12 || len(font) > maxFont {
		return fmt.Errorf("a font of %d bytes", len(font))
	}
	if kind := binary.BigEndian.Uint32(font); kind != trueType && kind != appleTTF {
		return errors.New("not a TrueType font (.ttf); collections (.ttc) and OpenType with PostScript outlines (.otf) do not serve")
	}
	return nil
}

// Sizes, in millimetres but for points of type.
const (
	margin   = 15.0
	line     = 5.0
	pageA4   = 210.0
	bottomA4 = 297.0 - margin - 8
	padding  = 1.0 // of a cell
	textSize = 9.0
	maxLines = 40 // of a cell: a row fits on a page
)

// The families of letters. Latin ones are those that every PDF reader has; fonts with
// Chinese may have none.
const (
	latinFamily = "Helvetica"
	otherFamily = "report"
)

// printer writes a document on pages.
type printer struct {
	*fpdf.Fpdf
	translate func(string) string // into the bytes of latinFamily
	size      float64             // of type, in points
	widths    map[rune]float64    // for one point, in millimetres
}

// pdf makes a PDF file. Without a font only Latin letters can be shown.
func (d *document) pdf(font []byte, made time.Time) ([]byte, error) {
	f := fpdf.New("P", "mm", "A4", "")
	f.SetCreationDate(made.UTC()) // and nothing of the clock: the same numbers are the same bytes
	f.SetModificationDate(made.UTC())
	f.SetCatalogSort(true)
	f.SetMargins(margin, margin, margin)
	f.SetCellMargin(0)
	f.SetAutoPageBreak(false, margin)
	f.SetTitle(d.Title, true)
	f.SetLang(d.Words.Tag)
	if font != nil {
		f.AddUTF8FontFromBytes(otherFamily, "", font)
	} else if !d.latin() {
		return nil, errNoFont
	}
	p := printer{Fpdf: f, translate: f.UnicodeTranslatorFromDescriptor(""), widths: map[rune]float64{}}
	f.SetFooterFunc(func() {
		f.SetFont(latinFamily, "", 8)
		f.SetXY(margin, 297-margin+4)
		f.CellFormat(pageA4-2*margin, 4, strconv.Itoa(f.PageNo()), "", 0, "C", false, 0, "")
	})
	p.document(d)
	var b bytes.Buffer
	if err := f.Output(&b); err != nil {
		return nil, fmt.Errorf("PDF: %w", err)
	}
	return b.Bytes(), nil
}

func (p *printer) document(d *document) {
	p.AddPage()
	p.paragraph(d.Title, 16)
	p.Ln(2)
	for _, fact := range d.Facts {
		p.row([]string{fact[0], fact[1]}, []float64{1, 5}, false, false)
	}
	for i := range d.Sections {
		p.section(&d.Sections[i])
	}
	p.Ln(line)
	p.paragraph(d.Words.Kept, textSize)
}

func (p *printer) section(s *section) {
	p.room(5 * line)
	p.Ln(line)
	p.paragraph(s.Title, 12)
	p.Ln(1)
	if len(s.Rows) > 0 {
		p.row(s.Heads, s.Widths, true, true)
	}
	for _, row := range s.Rows {
		if p.row(row, s.Widths, false, true) {
			continue
		}
		p.AddPage()
		p.row(s.Heads, s.Widths, true, true)
		p.row(row, s.Widths, false, true)
	}
	if s.Note != "" {
		p.paragraph(s.Note, textSize)
	}
}

// paragraph writes a text over the width of the page, in type of a size in points.
func (p *printer) paragraph(text string, size float64) {
	p.size = size
	height := size * 0.5
	for _, l := range p.wrap(text, pageA4-2*margin) {
		p.room(height)
		p.line(l, margin, p.GetY(), height)
		p.SetXY(margin, p.GetY()+height)
	}
}

// room begins a new page unless there is so much left of this one.
func (p *printer) room(height float64) {
	if p.GetY()+height > bottomA4 {
		p.AddPage()
	}
}

// row writes one row of a table; false when it does not fit on the page.
func (p *printer) row(cells []string, shares []float64, head, border bool) bool {
	p.size = textSize
	widths := spread(shares, pageA4-2*margin)
	lines := make([][]string, len(cells))
	most := 1
	for i, cell := range cells {
		lines[i] = p.wrap(cell, widths[i]-2*padding)
		lines[i] = lines[i][:min(len(lines[i]), maxLines)]
		most = max(most, len(lines[i]))
	}
	height := float64(most) * line
	y := p.GetY()
	if y+height > bottomA4 {
		return false
	}
	for i, x := 0, margin; i < len(cells); i, x = i+1, x+widths[i] {
		if border {
			p.box(x, y, widths[i], height, head)
		}
		for n, text := range lines[i] {
			p.line(text, x+padding, y+float64(n)*line, line)
		}
	}
	p.SetXY(margin, y+height)
	return true
}

func (p *printer) box(x, y, width, height float64, head bool) {
	style := "D"
	if head {
		p.SetFillColor(242, 243, 245)
		style = "DF"
	}
	p.SetDrawColor(208, 211, 214)
	p.Rect(x, y, width, height, style)
}

func spread(shares []float64, width float64) []float64 {
	sum := 0.0
	for _, s := range shares {
		sum += s
	}
	widths := make([]float64, len(shares))
	for i, s := range shares {
		widths[i] = s / sum * width
	}
	return widths
}

// line writes a line, each letter in the family that has it.
func (p *printer) line(text string, x, y, height float64) {
	for text != "" {
		family := familyOf(text)
		run, width := "", 0.0
		for _, r := range text {
			if familyOf(string(r)) != family {
				break
			}
			run, width = run+string(r), width+p.width(r)
		}
		text = text[len(run):]
		p.use(family)
		p.SetXY(x, y)
		p.CellFormat(width, height, p.encoded(family, run), "", 0, "L", false, 0, "")
		x += width
	}
}

// familyOf is the family of a text's first letter.
func familyOf(text string) string {
	if r, _ := utf8.DecodeRuneInString(text); isLatin(r) {
		return latinFamily
	}
	return otherFamily
}

func isLatin(r rune) bool { return r <= 0xff || r == '…' }

func (p *printer) use(family string) { p.SetFont(family, "", p.size) }

func (p *printer) encoded(family, text string) string {
	if family == latinFamily {
		return p.translate(text)
	}
	return text
}

// width is that of a letter, in millimetres.
func (p *printer) width(r rune) float64 {
	w, known := p.widths[r]
	if !known {
		family := familyOf(string(r))
		p.use(family)
		w = p.GetStringWidth(p.encoded(family, string(r))) / p.size
		p.widths[r] = w
	}
	return w * p.size
}

// wrap breaks a text into lines of a width, between any two letters: names have no
// spaces, and Chinese needs none.
func (p *printer) wrap(text string, width float64) []string {
	var lines []string
	begin, used := 0, 0.0
	for at, r := range text {
		w := p.width(r)
		if used+w > width && at > begin {
			lines, begin, used = append(lines, text[begin:at]), at, 0
		}
		used += w
	}
	return append(lines, text[begin:])
}

// latin tells whether all of a document is in letters that every PDF reader has.
func (d *document) latin() bool {
	texts := []string{d.Title}
	for _, f := range d.Facts {
		texts = append(texts, f[0], f[1])
	}
	for _, s := range d.Sections {
		texts = append(append(texts, s.Title, s.Note), s.Heads...)
		for _, row := range s.Rows {
			texts = append(texts, row...)
		}
	}
	for _, text := range texts {
		for _, r := range text {
			if !isLatin(r) {
				return false
			}
		}
	}
	return true
}
