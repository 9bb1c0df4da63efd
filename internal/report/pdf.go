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

	"codeberg.org/go-pdf/fpdf"
)

// Fonts have their letters in one of these two kinds of file, by the first four bytes.
const (
	trueType = 0x00010000
	appleTTF = 0x74727565 // "true"
	maxFont  = 64 << 20
)

// errNoFont says that the text cannot be shown with what is there.
var errNoFont = errors.New("there is no font with these letters: give the center a TrueType font with Chinese (-report-font), " +
	"on Debian DroidSansFallbackFull.ttf of fonts-droid-fallback; the HTML file is complete")

// CheckFont refuses what is not a TrueType font, before a report needs it.
func CheckFont(font []byte) error {
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
	textSize = 9.0
	maxLines = 40 // of a cell: a row fits on a page
)

// printer writes a document on pages.
type printer struct {
	*fpdf.Fpdf
	family string
	tr     func(string) string
}

// pdf makes a PDF file. Without a font only Latin letters can be shown.
func (d *document) pdf(font []byte, made time.Time) ([]byte, error) {
	f := fpdf.New("P", "mm", "A4", "")
	f.SetCreationDate(made.UTC()) // and nothing of the clock: the same numbers are the same bytes
	f.SetModificationDate(made.UTC())
	f.SetCatalogSort(true)
	f.SetMargins(margin, margin, margin)
	f.SetAutoPageBreak(false, margin)
	f.SetTitle(d.Title, true)
	f.SetLang(d.Words.Tag)
	p := printer{Fpdf: f, family: "Helvetica", tr: f.UnicodeTranslatorFromDescriptor("")}
	if font != nil {
		p.family, p.tr = "report", func(s string) string { return s }
		f.AddUTF8FontFromBytes(p.family, "", font)
	} else if !d.latin() {
		return nil, errNoFont
	}
	f.SetFooterFunc(func() {
		f.SetY(-margin + 4)
		f.SetFont(p.family, "", 8)
		f.CellFormat(0, 4, strconv.Itoa(f.PageNo()), "", 0, "C", false, 0, "")
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
	p.SetFont(p.family, "", 16)
	p.MultiCell(0, 8, p.tr(d.Title), "", "L", false)
	p.SetFont(p.family, "", textSize)
	p.Ln(2)
	for _, fact := range d.Facts {
		p.row([]string{fact[0], fact[1]}, []float64{1, 5}, false, false)
	}
	for i := range d.Sections {
		p.section(&d.Sections[i])
	}
	p.Ln(line)
	p.paragraph(d.Words.Kept)
}

func (p *printer) section(s *section) {
	p.room(5 * line)
	p.Ln(line)
	p.SetFont(p.family, "", 12)
	p.MultiCell(0, 7, p.tr(s.Title), "", "L", false)
	p.SetFont(p.family, "", textSize)
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
		p.paragraph(s.Note)
	}
}

func (p *printer) paragraph(text string) {
	p.room(2 * line)
	p.MultiCell(0, line, p.tr(text), "", "L", false)
}

// room begins a new page unless there is so much left of this one.
func (p *printer) room(height float64) {
	if p.GetY()+height > bottomA4 {
		p.AddPage()
	}
}

// row writes one row of a table; false when it does not fit on the page.
func (p *printer) row(cells []string, shares []float64, head, border bool) bool {
	widths := spread(shares, pageA4-2*margin)
	lines := make([][]string, len(cells))
	most := 1
	for i, cell := range cells {
		lines[i] = p.wrap(p.tr(cell), widths[i]-2)
		lines[i] = lines[i][:min(len(lines[i]), maxLines)]
		most = max(most, len(lines[i]))
	}
	height := float64(most) * line
	if p.GetY()+height > bottomA4 {
		return false
	}
	y := p.GetY()
	for i, x := 0, margin; i < len(cells); i, x = i+1, x+widths[i] {
		style := ""
		if border {
			style = "D"
		}
		if head {
			p.SetFillColor(242, 243, 245)
			style = "DF"
		}
		if style != "" {
			p.SetDrawColor(208, 211, 214)
			p.Rect(x, y, widths[i], height, style)
		}
		for n, text := range lines[i] {
			p.SetXY(x+0.5, y+float64(n)*line)
			p.CellFormat(widths[i]-1, line, text, "", 0, "L", false, 0, "")
		}
	}
	p.SetXY(margin, y+height)
	return true
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

// wrap breaks a text into lines of a width, between any two characters: names have no
// spaces, and Chinese needs none.
func (p *printer) wrap(text string, width float64) []string {
	var lines []string
	begin, used := 0, 0.0
	size := p.letters(text)
	for at := 0; at < len(text); at += size(at) {
		w := p.GetStringWidth(text[at : at+size(at)])
		if used+w > width && at > begin {
			lines, begin, used = append(lines, text[begin:at]), at, 0
		}
		used += w
	}
	return append(lines, text[begin:])
}

// letters tells how many bytes the letter at an offset has: after the translation for a
// font of the PDF itself it is one.
func (p *printer) letters(text string) func(at int) int {
	if p.family != "report" {
		return func(int) int { return 1 }
	}
	return func(at int) int {
		for n := 1; ; n++ {
			if at+n == len(text) || text[at+n]&0xc0 != 0x80 {
				return n
			}
		}
	}
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
			if r > 0xff && r != '…' {
				return false
			}
		}
	}
	return true
}
