use std::io::Write as _;

use records::{Table, TableError};
use rust_xlsxwriter::Workbook;

fn read(bytes: &[u8]) -> (Vec<String>, Vec<Vec<String>>) {
    let Table { columns, rows } = Table::read(bytes).unwrap();
    (columns, rows)
}

#[test]
fn csv_is_read_as_others_write_it() {
    let wanted = (vec!["Asset".to_owned(), "Größe".to_owned()], vec![vec!["1".to_owned(), "a, b".to_owned()]]);
    let comma = "Asset,Größe\r\n1,\"a, b\"\r\n";
    let semicolon = "Asset;Größe\n1;a, b\n\n;;\n";
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(semicolon.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let latin: Vec<u8> = semicolon.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for bytes in [comma.as_bytes(), semicolon.as_bytes(), &utf16, &latin, format!("\u{feff}{comma}").as_bytes()] {
        assert_eq!(read(bytes), wanted);
    }
}

#[test]
fn short_lines_and_nameless_columns_have_their_place() {
    let (columns, rows) = read(b"Asset,,Asset,\n1\n2,x,y,z\n");
    assert_eq!(columns, ["Asset", "(column 2)", "Asset (column 3)"]);
    assert_eq!(rows, [["1", "", ""], ["2", "x", "y"]]);
}

#[test]
fn what_is_no_table_is_refused() {
    assert!(matches!(Table::read(b""), Err(TableError::Empty)));
    assert!(matches!(Table::read(b"only,headings\n"), Err(TableError::Empty)));
    assert!(matches!(Table::read(b"PK\x03\x04nonsense"), Err(TableError::Xlsx(_))));
    let wide = "a,".repeat(300) + "\n1\n";
    assert!(matches!(Table::read(wide.as_bytes()), Err(TableError::TooLarge(_))));
    let many = format!("{}\n{}", "h,".repeat(255), format!("{}x\n", ",".repeat(254)).repeat(20_000));
    assert!(matches!(Table::read(many.as_bytes()), Err(TableError::TooLarge(_))), "five million cells");
}

#[test]
fn a_workbook_is_read_by_what_its_cells_show() {
    let mut book = Workbook::new();
    book.add_worksheet();
    let sheet = book.add_worksheet();
    let date = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
    for (column, heading) in (0..).zip(["Asset", "End", "Far", "Name"]) {
        sheet.write_string(2, column, heading).unwrap();
    }
    sheet.write_number(3, 0, 4711.0).unwrap();
    sheet.write_number_with_format(3, 1, 46_418.0, &date).unwrap();
    // Beyond every calendar.
    sheet.write_number_with_format(3, 2, 1e12, &date).unwrap();
    sheet.write_string(3, 3, "'=SUM(A1)").unwrap();
    let (columns, rows) = read(&book.save_to_buffer().unwrap());
    assert_eq!(columns, ["Asset", "End", "Far", "Name"]);
    assert_eq!(rows, [["4711", "2027-01-31", "1000000000000", "'=SUM(A1)"]]);
}

#[test]
fn a_workbook_that_unpacks_to_too_much_is_refused() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("xl/workbook.xml", zip::write::SimpleFileOptions::default()).unwrap();
    let zeros = vec![0; 1 << 20];
    (0..257).for_each(|_| zip.write_all(&zeros).unwrap());
    let bytes = zip.finish().unwrap().into_inner();
    assert!(bytes.len() < 1 << 20);
    assert!(matches!(Table::read(&bytes), Err(TableError::TooLarge(_))));
}
